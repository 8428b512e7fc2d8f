package queue

import (
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/task"
	"initiator/internal/queue/store"
)

// disk is where an engine keeps its records, and what it knows of them.
type disk struct {
	store       *store.Store
	log         hclog.Logger
	storedSeq   int64 // the engine's seq when the newest batch that is on the disk was made
	wantedBytes int64 // bytes of the records that are wanted
	spareBytes  int64 // bytes of others that are not worth the work
	segmentWalk *store.SegmentWalk
	// sizeAtLastStep is how long the files were at the last step.
	sizeAtLastStep int64

	loaded []*entry // while Open reads: what it found, in that order

	storageError error     // why nothing can be stored now
	retryTime    time.Time // when that is tried again; zero = not set yet

	cached      []*entry // whose records are in memory too, oldest first
	cachedBytes int      // bytes of them, about
	cacheSize   int
}

// retryPause is how long a disk that has failed is left alone.
const retryPause = time.Second

// setStorageError notes why nothing can be stored.
func (d *disk) setStorageError(err error) {
	if d.storageError == nil {
		d.log.Error("tasks cannot be stored: new ones are refused, results are held until there is room", "error", err)
	}
	d.storageError, d.retryTime = fmt.Errorf("%w: %w", task.ErrStorage, err), time.Time{}
}

// StorageError implements Queue.
func (e *Engine) StorageError() error {
	if e.disk == nil {
		return nil
	}
	return e.disk.storageError
}

// storageRetryTime is when a disk that has failed is tried again; zero = it has not.
func (e *Engine) storageRetryTime() time.Time {
	switch {
	case e.StorageError() == nil:
		return time.Time{}
	case e.disk.retryTime.IsZero():
		return time.Unix(0, 1) // Expire sets it
	}
	return e.disk.retryTime
}

// retryStorage says whether the next Commit tries a disk that has failed again.
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

// addRecord puts the record of a task into the batch.
func (d *disk) addRecord(en *entry, whole bool) store.Place {
	return d.store.AddRecord(func(b []byte) []byte {
		if whole {
			return appendWhole(b, en.task, en.seq)
		}
		return appendHead(b, en.task, en.seq)
	})
}

// readTask reads the record of a task.
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

// loadTask brings the record of a task into memory, to be changed. If it cannot be
// read, there is a stub instead.
func (e *Engine) loadTask(en *entry) (*task.Task, error) {
	if en.task != nil {
		return en.task, nil
	}
	t, err := e.disk.readTask(en)
	if err != nil {
		e.disk.log.Error("a task cannot be read", "task", en.id, "error", err)
		t = en.stubTask(err)
	}
	en.task = t
	return t, err
}

// copyTask returns the record of a task as it is now.
func (e *Engine) copyTask(en *entry) task.Task {
	if en.task != nil {
		return *en.task
	}
	t, err := e.disk.readTask(en)
	if err != nil {
		return *en.stubTask(err)
	}
	return *t
}

// stubTask is what the index alone knows of a task.
func (en *entry) stubTask(err error) *task.Task {
	t := &task.Task{
		ID: en.id, Pool: en.pool.name, State: en.state.state(), Priority: int(en.priority),
		Reason: "its record cannot be read: " + err.Error(), Submitted: timeOf(en.submitted), Deadline: timeOf(en.deadline),
	}
	if en.state.terminal() {
		t.Ended = timeOf(en.at)
	}
	return t
}

// subtractRecords takes the records of a task that is dropped out of the account.
func (e *Engine) subtractRecords(en *entry) {
	if e.disk != nil {
		e.disk.wantedBytes -= int64(en.whole.Size) + int64(en.head.Size)
	}
}

// cacheRecord keeps a record that is on the disk in memory for a while: the next thing
// that happens to a task often happens soon. What is too much goes out first
// in, first out. A record that is being worked with comes back here when that
// is stored.
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

// recordCost is what a record takes in memory beside its JSON, about.
const recordCost = 500

// evictable says whether the record in memory is on the disk as well, and nobody
// works with it.
func (en *entry) evictable() bool {
	return en.task != nil && !en.changed && en.state != running && en.state != gone
}
