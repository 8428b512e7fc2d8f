package supervise

import (
	"testing"

	"initiator/internal/lifecycle"
)

// TestStartup: a start is over when the worker is ready or has ended as it should,
// and has failed at once where waiting does not help.
func TestStartup(t *testing.T) {
	exited := func(class lifecycle.ExitClass) Worker {
		return Worker{State: lifecycle.Exited, Incarnation: 1, LastExit: lifecycle.Exit{Class: class}}
	}
	for name, c := range map[string]struct {
		worker    Worker
		autostart bool
		want      Startup
	}{
		"never ran, about to start": {Worker{State: lifecycle.Stopped}, true, StartupPending},
		"never ran, not to start":   {Worker{State: lifecycle.Stopped}, false, StartupDone},
		"stopped by a person":       {Worker{State: lifecycle.Stopped, Incarnation: 1}, true, StartupDone},
		"waits":                     {Worker{State: lifecycle.Stopped, WaitsFor: []string{"db: ready"}}, false, StartupPending},
		"waits in vain":             {Worker{State: lifecycle.Stopped, WaitsFor: []string{"db: ready"}, WaitsInVain: true}, true, StartupFailed},
		"starts":                    {Worker{State: lifecycle.Starting, DeathsInARow: 2}, true, StartupPending},
		"starts after three deaths": {Worker{State: lifecycle.Starting, DeathsInARow: 3}, true, StartupFailed},
		"ready":                     {Worker{State: lifecycle.Running, Ready: true}, true, StartupDone},
		"ready after three deaths":  {Worker{State: lifecycle.Running, Ready: true, DeathsInARow: 3}, true, StartupDone},
		"runs and is not ready":     {Worker{State: lifecycle.Running}, true, StartupPending},
		"two deaths":                {Worker{State: lifecycle.Backoff, DeathsInARow: 2}, true, StartupPending},
		"three deaths":              {Worker{State: lifecycle.Backoff, DeathsInARow: 3}, true, StartupFailed},
		"cannot be started":         {Worker{State: lifecycle.Backoff, DeathsInARow: 1, LastExit: lifecycle.Exit{Class: lifecycle.ExitSpawnError, Lasting: true}}, true, StartupFailed},
		"stops":                     {Worker{State: lifecycle.Stopping, Incarnation: 1}, true, StartupPending},
		"ended with 0":              {exited(lifecycle.ExitClean), true, StartupDone},
		"ended as requested":        {exited(lifecycle.ExitRequested), true, StartupDone},
		"ended with 3":              {exited(lifecycle.ExitNonzero), true, StartupFailed},
		"killed":                    {exited(lifecycle.ExitSignal), true, StartupFailed},
		"given up":                  {Worker{State: lifecycle.Fatal}, true, StartupFailed},
	} {
		if got := c.worker.Startup(c.autostart); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
