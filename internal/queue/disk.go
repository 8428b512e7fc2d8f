package queue

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"initiator/initiator/task"
	"initiator/internal/queue/store"
)

// disk is the stored half of an Engine: the store, the error of the disk, and the
// records that are in memory.
type disk struct {
	store       *store.Store
	log         hclog.Logger
	storedSeq   int64              // the engine's seq in the newest batch that is on the disk
	wantedBytes int64              // bytes of the newest records of all tasks
	spareBytes  int64              // unwanted bytes that do not start a walk
	segmentWalk *store.SegmentWalk // through the oldest segment; nil = none
	// sizeAtLastStep is the length of all files at the last step, in bytes.
	sizeAtLastStep int64

	loaded  []*entry           // the tasks that Open has found so far, in their order
	orphans map[uuid.UUID]bool // tasks of which only changes are left; nil = there is no damage

	damageFound func(reason string) // nil = damage is only logged

	storageError error     // why nothing can be stored now; nil = storing works
	retryTime    time.Time // when storing is tried again; zero = not decided yet

	cached      []*entry // stored tasks whose records are in memory too, oldest first
	cachedBytes int      // about the bytes of these records
	cacheSize   int      // limit of cachedBytes
}

// retryPause is the time between an error of the disk and the next try.
const retryPause = time.Second

// setStorageError notes why nothing can be stored. It logs the first of
// consecutive errors.
func (d *disk) setStorageError(err error) {
	var gone *store.GoneError
	isGone := errors.As(err, &gone)
	switch {
	case d.storageError != nil:
	case isGone:
		d.log.Error("tasks cannot be stored: new tasks are refused, and results wait in memory; the workers run on", "error", gone)
	default:
		d.log.Error("tasks cannot be stored: new tasks are refused, and results wait in memory until storing works again; make room, or repair the disk of the state directory", "error", err)
	}
	d.storageError, d.retryTime = fmt.Errorf("%w: %w", task.ErrStorage, err), time.Time{}
	if isGone {
		d.storageError = goneError{gone}
	}
}

// goneError is the error of the disk when a file or the directory is gone. Its text
// has another remedy than task.ErrStorage.
type goneError struct{ *store.GoneError }

// Error says what happened and what to do.
func (e goneError) Error() string { return "tasks cannot be stored now: " + e.GoneError.Error() }

// Is reports that this is a task.ErrStorage.
func (e goneError) Is(target error) bool { return target == task.ErrStorage }

// CheckFiles returns an error when another program has removed, renamed or replaced
// a file of the tasks or their directory; see store.Store. Any goroutine may call it,
// until Close. A queue in memory has no files.
func (e *Engine) CheckFiles() error {
	if e.disk == nil {
		return nil
	}
	return e.disk.store.CheckFiles()
}

// StorageError implements Queue.
func (e *Engine) StorageError() error {
	if e.disk == nil {
		return nil
	}
	return e.disk.storageError
}

// storageRetryTime returns when a failed disk is tried again, the zero time when
// the disk has not failed.
func (e *Engine) storageRetryTime() time.Time {
	switch {
	case e.StorageError() == nil:
		return time.Time{}
	case e.disk.retryTime.IsZero():
		return time.Unix(0, 1) // due at once: ExpireTasks decides the time
	}
	return e.disk.retryTime
}

// retryStorage clears the error of a failed disk when it is time to try again, and
// reports whether it did. The next commit then tries the disk.
func (e *Engine) retryStorage(now time.Time) bool {
	if e.StorageError() == nil {
		return false
	}
	if e.disk.retryTime.IsZero() {
		e.disk.retryTime = now.Add(retryPause)
	}
	if now.Before(e.disk.retryTime) {
		return false
	}
	e.disk.storageError = nil
	return true
}

// BatchDone implements Queue.
func (e *Engine) BatchDone() <-chan struct{} {
	if e.disk == nil {
		return nil
	}
	return e.disk.store.BatchDone()
}

// addRecord adds the record of a task to the batch.
func (d *disk) addRecord(en *entry, whole bool) store.Place {
	return d.store.AddRecord(func(b []byte) []byte {
		if whole {
			return appendWhole(b, en.task, en.seq)
		}
		return appendHead(b, en.task, en.seq)
	})
}

// readTask reads the records of a task from the files.
func (d *disk) readTask(en *entry) (*task.Task, error) {
	t := &task.Task{}
	for _, p := range []store.Place{en.whole, en.head} {
		if p.IsZero() {
			continue
		}
		b, err := d.store.Read(p)
		if err != nil {
			return nil, err
		}
		if err := readRecord(b, t); err != nil {
			return nil, fmt.Errorf("read task %s: %w", en.id, err)
		}
	}
	return t, nil
}

// loadTask returns the task of an entry, to be changed. It reads the record when
// the record is not in memory. When that fails, it puts a stub into the entry and
// returns it with the error.
func (e *Engine) loadTask(en *entry) (*task.Task, error) {
	if en.task != nil {
		return en.task, nil
	}
	t, err := e.disk.readTask(en)
	if err != nil {
		e.disk.log.Error("the record of a task cannot be read", "task", en.id, "error", err)
		e.disk.noteDamage(err)
		t = en.stubTask(err)
	}
	en.task = t
	return t, err
}

// copyTask returns a copy of the task of an entry, for other goroutines. It returns
// a stub when the record cannot be read.
func (e *Engine) copyTask(en *entry) task.Task {
	if en.task != nil {
		return *en.task
	}
	t, err := e.disk.readTask(en)
	if err != nil {
		e.disk.noteDamage(err)
		return *en.stubTask(err)
	}
	return *t
}

// stubTask returns a task with the fields that the index has, and with the error
// as the reason.
func (en *entry) stubTask(err error) *task.Task {
	t := &task.Task{
		ID: en.id, Pool: en.pool.name, State: en.state.state(), Priority: int(en.priority),
		Reason: unreadableReason(err), Submitted: timeOf(en.submitted), Deadline: timeOf(en.deadline),
	}
	if en.state.terminal() {
		t.Ended = timeOf(en.at)
	}
	return t
}

// unreadableReason is the reason of a task whose record cannot be read.
func unreadableReason(err error) string { return "its record cannot be read: " + err.Error() }

// subtractRecords subtracts the records of an entry from the wanted bytes.
func (e *Engine) subtractRecords(en *entry) {
	if e.disk != nil {
		e.disk.wantedBytes -= int64(en.whole.Size) + int64(en.head.Size)
	}
}

// cacheRecord keeps a stored record in memory for a while, because the next change
// of a task often follows soon. Beyond cacheSize the oldest records leave the
// memory. A record that cannot leave yet comes back here with its next commit.
func (e *Engine) cacheRecord(en *entry) {
	d := e.disk
	if en.cachedBytes == 0 && en.evictable() {
		t := en.task
		en.cachedBytes = uint32(recordCost + len(t.Data) + len(t.Result) + recordCost/4*len(t.History))
		d.cachedBytes += int(en.cachedBytes)
		d.cached = append(d.cached, en)
	}
	for d.cachedBytes > d.cacheSize && len(d.cached) > 0 {
		cold := d.cached[0]
		d.cached[0] = nil
		d.cached = d.cached[1:]
		d.cachedBytes -= int(cold.cachedBytes)
		cold.cachedBytes = 0
		if cold.evictable() {
			cold.task = nil
		}
	}
}

// recordCost is about the memory of a record without its JSON, in bytes.
const recordCost = 500

// evictable reports whether the record in memory may be dropped: the same record
// is on the disk, and the task neither runs nor has an unstored change.
func (en *entry) evictable() bool {
	return en.task != nil && !en.changed && en.state != running && en.state != gone
}
