package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"initiator/initiator"
	"initiator/internal/supervise"
)

// lastSeen adds to "no initiator runs" what the last one saw. Where there is
// nothing to add, or it cannot be told whether one runs, the fault stands alone.
func (a *app) lastSeen(names []string, not error) error {
	var stopped *fault
	if !errors.As(not, &stopped) || stopped.code != exitNotRunning {
		return not
	}
	socket, err := a.socket()
	if err != nil {
		return not
	}
	seen, err := initiator.ReadLastSeen(filepath.Dir(socket))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return not
	case err != nil:
		return &fault{exitNotRunning, fmt.Errorf("%w; what it last saw cannot be shown: %w", not, err), stopped.next}
	}
	workers := make([]supervise.Worker, 0, len(seen.Workers))
	for _, w := range seen.Workers {
		workers = append(workers, w.Worker())
	}
	if workers, err = choose(workers, names); err != nil {
		return err
	}
	if err := a.showSeen(seen, workers); err != nil {
		return err
	}
	return silent(exitNotRunning)
}

func (a *app) showSeen(seen initiator.LastSeen, workers []supervise.Worker) error {
	if a.format.json {
		return a.out.json(map[string]any{"running": false, "last_seen": seen})
	}
	if err := a.out.lines(seenLine(seen)); err != nil {
		return err
	}
	return statusTable(workers, seen.At).print(a.out) // as long up as it was then
}

// seenLine says how the last initiator went.
func seenLine(seen initiator.LastSeen) string {
	at := seen.At.Local().Format(time.DateTime)
	if seen.Ended {
		return fmt.Sprintf("not running; it ended at %s (pid %d) and had stopped everything:", at, seen.PID)
	}
	return fmt.Sprintf("not running, and it did not end by itself; when it was last seen, at %s (pid %d):", at, seen.PID)
}
