package initiator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"initiator/initiator/task"
	"initiator/internal/backup"
	"initiator/internal/queue"
	"initiator/internal/queue/store"
)

// WriteBackup implements api.Control.
func (s *server) WriteBackup(ctx context.Context, w io.Writer) error {
	if !s.backingUp.TryLock() {
		return fmt.Errorf("%w: another backup is being written; try again when it has ended", task.ErrConflict)
	}
	defer s.backingUp.Unlock()
	err := backup.WriteState(w, s.dir.Path(), Version, func() ([]store.SegmentCopy, error) { return s.dispatcher.Snapshot(ctx) })
	switch {
	case errors.Is(err, queue.ErrNotStored):
		return fmt.Errorf("%w: %w", task.ErrConflict, err)
	case errors.Is(err, fs.ErrNotExist): // the state directory is gone; without the error of the file, which would be a 404
		return fmt.Errorf("%w: %s", task.ErrStorage, err.Error())
	}
	return err
}

// restoredProblem is the name of the problem of a restored state directory.
const restoredProblem = "restored"

// noteRestored tells that the state directory was restored from a backup.
func (s *server) noteRestored() {
	if reason := backup.ReadMarker(s.dir.Path()); reason != "" && s.problems.Add(restoredProblem, reason) {
		s.log.Warn(reason)
	}
}
