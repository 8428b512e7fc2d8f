package supervise

import (
	"initiator/initiator/report"
)

// Startup says how far the start of a worker has come.
type Startup int

// How far a start has come.
const (
	StartupPending Startup = iota // the worker may still become ready without a person
	StartupDone                   // the worker is ready, has ended as it should, or was not to start
	StartupFailed                 // the worker will not be ready unless a person acts, or has died three times in a row
)

// StartupOf returns how far the start of a worker has come. autostart says that its
// definition starts without a request: a worker of the definition that has never run
// is then about to start.
func StartupOf(w report.Worker, autostart bool) Startup {
	switch w.State {
	case report.Fatal:
		return StartupFailed
	case report.Exited:
		return exitedStartup(w.LastExit.Class)
	case report.Running:
		return startupIf(w.Ready, StartupDone)
	case report.Starting:
		return startupIf(w.KeepsFailing(), StartupFailed)
	case report.Backoff:
		return startupIf(w.KeepsFailing() || w.LastExit.Lasting, StartupFailed)
	case report.Stopping:
		return StartupPending // a restart or a stop; the next state shows which
	}
	switch {
	case len(w.WaitsFor) > 0:
		return startupIf(w.WaitsInVain, StartupFailed)
	case w.Incarnation == 0 && autostart:
		return StartupPending
	}
	return StartupDone
}

// startupIf returns a conclusion where the condition is true, and StartupPending
// otherwise.
func startupIf(condition bool, conclusion Startup) Startup {
	if condition {
		return conclusion
	}
	return StartupPending
}

// exitedStartup returns how the start of a worker that is EXITED has come out: an
// exit code of exitcodes, or an end that was requested, is an end as it should be.
func exitedStartup(class report.ExitClass) Startup {
	if class == report.ExitClean || class == report.ExitRequested {
		return StartupDone
	}
	return StartupFailed
}
