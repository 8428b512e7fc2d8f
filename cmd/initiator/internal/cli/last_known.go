package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
	"time"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/internal/plan"
	"initiator/internal/statedir"
	"initiator/internal/workerlog"
)

// NoInitiatorRuns reports whether err, of a request, says that no initiator runs.
// After any other error one can run: it is silent, or of another user.
func NoInitiatorRuns(err error) bool {
	return errors.Is(err, client.ErrUnreachable) && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED))
}

// ReadLastKnown returns the last known state after a request that was not
// answered, for the reason unanswered. It returns that error when an initiator
// can run, and when there is no last known state.
func (a *App) ReadLastKnown(unanswered error) (statedir.LastKnownState, error) {
	if !NoInitiatorRuns(unanswered) {
		return statedir.LastKnownState{}, unanswered
	}
	dir, err := a.StateDirectory()
	if err != nil {
		return statedir.LastKnownState{}, unanswered
	}
	seen, err := statedir.ReadLastKnownState(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return seen, unanswered
	case err != nil:
		return seen, fmt.Errorf("%w; its last known state cannot be shown: %w", unanswered, err)
	}
	return seen, nil
}

// LastKnownWorkers returns the workers of the last known state.
func LastKnownWorkers(seen statedir.LastKnownState) []report.Worker {
	workers := make([]report.Worker, 0, len(seen.Workers))
	for _, w := range seen.Workers {
		workers = append(workers, w.AsWorker())
	}
	return workers
}

// LastKnownLine says how the last initiator ended.
func LastKnownLine(seen statedir.LastKnownState) string {
	at := seen.At.Local().Format(time.DateTime)
	if seen.Ended {
		return fmt.Sprintf("no initiator is running; the last one (pid %d) stopped all workers and ended at %s:", seen.PID, at)
	}
	return fmt.Sprintf("no initiator is running; the last one (pid %d) was not shut down; last known state, at %s:", seen.PID, at)
}

// AnnounceLastKnown says on stderr that no initiator runs, from where the answer
// is read instead, and how an initiator is started.
func (a *App) AnnounceLastKnown(seen statedir.LastKnownState, source string, unanswered error) error {
	lines := []string{LastKnownLine(seen), "read from " + source}
	var gone *client.UnreachableError
	if errors.As(unanswered, &gone) {
		lines = append(lines, StartAdvice(gone))
	}
	return a.Err.WriteLines(lines...)
}

// LastKnownPath returns the path of the file with the last known state.
func (a *App) LastKnownPath() (string, error) {
	dir, err := a.StateDirectory()
	return filepath.Join(dir, statedir.LastKnownName), err
}

// LogsOnDisk returns a reader of the logs of the workers of the last known state,
// which are where the INI says. The error is that of ReadPlan.
func (a *App) LogsOnDisk(seen statedir.LastKnownState) (*workerlog.Reader, error) {
	p, err := a.ReadPlan()
	if err != nil {
		return nil, err
	}
	dir, err := a.StateDirectory()
	if err != nil {
		return nil, err
	}
	if p, err = p.WithStateDir(dir); err != nil {
		return nil, err
	}
	workers := LastKnownWorkers(seen)
	return &workerlog.Reader{Workers: func() []report.Worker { return workers }, Plan: func() *plan.Plan { return p }}, nil
}
