package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/report"
	"initiator/internal/statedir"
	"initiator/internal/supervise"
)

// showLastKnown prints the last known state. Where there is none, or it is
// unknown whether an initiator runs, it returns the error notRunning.
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
		return cli.NewFault(cli.ExitNotRunning, fmt.Errorf("%w; its last known state cannot be shown: %w", not, err), stopped.NextStep)
	}
	workers := make([]report.Worker, 0, len(seen.Workers))
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

// printLastKnown prints the last known state.
func (a *app) printLastKnown(seen statedir.LastKnownState, workers []report.Worker) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(map[string]any{"running": false, "last_seen": seen})
	}
	if err := a.Out.WriteLines(lastKnownLine(seen)); err != nil {
		return err
	}
	if err := statusTable(workers, seen.At).PrintTo(a.Out); err != nil { // uptimes are those of the last known state
		return err
	}
	return a.Out.WriteLines(leftLines(supervise.RunningLeft(seen.LeftInBoot(statedir.CurrentBoot())))...)
}

// lastKnownLine says how the last initiator ended.
func lastKnownLine(seen statedir.LastKnownState) string {
	at := seen.At.Local().Format(time.DateTime)
	if seen.Ended {
		return fmt.Sprintf("no initiator is running; the last one (pid %d) stopped all workers and ended at %s:", seen.PID, at)
	}
	return fmt.Sprintf("no initiator is running; the last one (pid %d) was not shut down; last known state, at %s:", seen.PID, at)
}
