package supervise

import (
	"testing"

	"initiator/initiator/report"
)

// TestStartup: a start is over when the worker is ready or has ended as it should,
// and has failed at once where waiting does not help.
func TestStartup(t *testing.T) {
	exited := func(class report.ExitClass) report.Worker {
		return report.Worker{State: report.Exited, Incarnation: 1, LastExit: report.Exit{Class: class}}
	}
	for name, c := range map[string]struct {
		worker    report.Worker
		autostart bool
		want      Startup
	}{
		"never ran, about to start": {report.Worker{State: report.Stopped}, true, StartupPending},
		"never ran, not to start":   {report.Worker{State: report.Stopped}, false, StartupDone},
		"stopped by a person":       {report.Worker{State: report.Stopped, Incarnation: 1}, true, StartupDone},
		"waits":                     {report.Worker{State: report.Stopped, WaitsFor: []string{"db: ready"}}, false, StartupPending},
		"waits in vain":             {report.Worker{State: report.Stopped, WaitsFor: []string{"db: ready"}, WaitsInVain: true}, true, StartupFailed},
		"starts":                    {report.Worker{State: report.Starting, DeathsInARow: 2}, true, StartupPending},
		"starts after three deaths": {report.Worker{State: report.Starting, DeathsInARow: 3}, true, StartupFailed},
		"ready":                     {report.Worker{State: report.Running, Ready: true}, true, StartupDone},
		"ready after three deaths":  {report.Worker{State: report.Running, Ready: true, DeathsInARow: 3}, true, StartupDone},
		"runs and is not ready":     {report.Worker{State: report.Running}, true, StartupPending},
		"two deaths":                {report.Worker{State: report.Backoff, DeathsInARow: 2}, true, StartupPending},
		"three deaths":              {report.Worker{State: report.Backoff, DeathsInARow: 3}, true, StartupFailed},
		"cannot be started":         {report.Worker{State: report.Backoff, DeathsInARow: 1, LastExit: report.Exit{Class: report.ExitSpawnError, Lasting: true}}, true, StartupFailed},
		"stops":                     {report.Worker{State: report.Stopping, Incarnation: 1}, true, StartupPending},
		"ended with 0":              {exited(report.ExitClean), true, StartupDone},
		"ended as requested":        {exited(report.ExitRequested), true, StartupDone},
		"ended with 3":              {exited(report.ExitNonzero), true, StartupFailed},
		"killed":                    {exited(report.ExitSignal), true, StartupFailed},
		"given up":                  {report.Worker{State: report.Fatal}, true, StartupFailed},
	} {
		if got := StartupOf(c.worker, c.autostart); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
