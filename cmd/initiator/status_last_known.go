package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/internal/statedir"
	"initiator/internal/supervise"
)

// showLastKnown adds to "no initiator runs" what the last one saw. Where there is
// nothing to add, or it cannot be told whether one runs, the fault stands alone.
func (a *app) showLastKnown(names []string, not error) error {
	var stopped *cli.Fault
	if !errors.As(not, &stopped) || stopped.Code != cli.ExitNotRunning {
		return not
	}
	socket, err := a.SocketPath()
	if err != nil {
		return not
	}
	seen, err := statedir.ReadLastKnownState(filepath.Dir(socket))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return not
	case err != nil:
		return cli.NewFault(cli.ExitNotRunning, fmt.Errorf("%w; what it last saw cannot be shown: %w", not, err), stopped.NextStep)
	}
	workers := make([]supervise.Worker, 0, len(seen.Workers))
	for _, w := range seen.Workers {
		workers = append(workers, w.AsWorker())
	}
	if workers, err = cli.ChooseWorkers(workers, names); err != nil {
		return err
	}
	if err := a.printLastKnown(seen, workers); err != nil {
		return err
	}
	return cli.ExitWith(cli.ExitNotRunning)
}

func (a *app) printLastKnown(seen statedir.LastKnownState, workers []supervise.Worker) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(map[string]any{"running": false, "last_seen": seen})
	}
	if err := a.Out.WriteLines(lastKnownLine(seen)); err != nil {
		return err
	}
	return statusTable(workers, seen.At).PrintTo(a.Out) // as long up as it was then
}

// lastKnownLine says how the last initiator went.
func lastKnownLine(seen statedir.LastKnownState) string {
	at := seen.At.Local().Format(time.DateTime)
	if seen.Ended {
		return fmt.Sprintf("not running; it ended at %s (pid %d) and had stopped everything:", at, seen.PID)
	}
	return fmt.Sprintf("not running, and it did not end by itself; when it was last seen, at %s (pid %d):", at, seen.PID)
}
