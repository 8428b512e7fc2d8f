package queue

import (
	"errors"

	"initiator/internal/queue/store"
)

// ErrNotStored reports that a queue has no files: its tasks are only in memory.
var ErrNotStored = errors.New("the tasks are in memory only, so there is nothing to copy")

// Snapshot implements Queue.
func (e *Engine) Snapshot() ([]store.SegmentCopy, error) {
	if e.disk == nil {
		return nil, ErrNotStored
	}
	return e.disk.store.Snapshot(), nil
}
