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
	store *store.Store
	log   hclog.Logger
	kept  int64 // the engine's seq when the newest batch that is on the disk was made
	live  int64 // bytes of the records that are wanted
	slack int64 // bytes of others that are not worth the work
	walk  *store.SegmentWalk
	// walked is how long the files were at the last step.
	walked int64

	loaded []*entry // while Open reads: what it found, in that order

	fault error     // why nothing can be stored now
	retry time.Time // when that is tried again; zero = not set yet

	warm   []*entry // whose records are in memory too, oldest first
	weight int      // bytes of them, about
	budget int
}

// retryPause is how long a disk that has failed is left alone.
const retryPause = time.Second

// fail notes why nothing can be stored.
func (d *disk) fail(err error) {
	if d.fault == nil {
		d.log.Error("tasks cannot be stored: new ones are refused, results are held until there is room", "error", err)
	}
	d.fault, d.retry = fmt.Errorf("%w: %w", task.ErrStorage, err), time.Time{}
}

// StorageError implements Queue.
func (e *Engine) StorageError() error {
	if e.disk == nil {
		return nil
	}
	return e.disk.fault
}

// retryAt is when a disk that has failed is tried again; zero = it has not.
func (e *Engine) retryAt() time.Time {
	switch {
	case e.StorageError() == nil:
		return time.Time{}
	case e.disk.retry.IsZero():
		return time.Unix(0, 1) // Expire sets it
	}
	return e.disk.retry
}

// recovered says whether the next Commit tries a disk that has failed again.
func (e *Engine) recovered(now time.Time) bool {
	if e.StorageError() == nil {
		return false
	}
	if e.disk.retry.IsZero() {
		e.disk.retry = now.Add(retryPause)
	}
	if now.Before(e.disk.retry) {
		return false
	}
	e.disk.fault = nil
	return true
}

// BatchDone implements Queue.
func (e *Engine) BatchDone() <-chan struct{} {
	if e.disk == nil {
		return nil
	}
	return e.disk.store.BatchDone()
}

// add puts the record of a task into the batch.
func (d *disk) add(en *entry, whole bool) store.Place {
	return d.store.AddRecord(func(b []byte) []byte {
		if whole {
			return appendWhole(b, en.task, en.seq)
		}
		return appendHead(b, en.task, en.seq)
	})
}

// read reads the record of a task.
func (d *disk) read(en *entry) (*task.Task, error) {
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

// open brings the record of a task into memory, to be changed. If it cannot be
// read, there is a stub instead.
func (e *Engine) open(en *entry) (*task.Task, error) {
	if en.task != nil {
		return en.task, nil
	}
	t, err := e.disk.read(en)
	if err != nil {
		e.disk.log.Error("a task cannot be read", "task", en.id, "error", err)
		t = en.stub(err)
	}
	en.task = t
	return t, err
}

// show returns the record of a task as it is now.
func (e *Engine) show(en *entry) task.Task {
	if en.task != nil {
		return *en.task
	}
	t, err := e.disk.read(en)
	if err != nil {
		return *en.stub(err)
	}
	return *t
}

// stub is what the index alone knows of a task.
func (en *entry) stub(err error) *task.Task {
	t := &task.Task{
		ID: en.id, Pool: en.pool.name, State: en.state.state(), Priority: int(en.priority),
		Reason: "its record cannot be read: " + err.Error(), Submitted: timeOf(en.submitted), Deadline: timeOf(en.deadline),
	}
	if en.state.terminal() {
		t.Ended = timeOf(en.at)
	}
	return t
}

// voided takes the records of a task that is dropped out of the account.
func (e *Engine) voided(en *entry) {
	if e.disk != nil {
		e.disk.live -= int64(en.whole.Size) + int64(en.head.Size)
	}
}

// warm keeps a record that is on the disk in memory for a while: the next thing
// that happens to a task often happens soon. What is too much goes out first
// in, first out. A record that is being worked with comes back here when that
// is stored.
func (e *Engine) warm(en *entry) {
	d := e.disk
	if en.warm == 0 && en.idle() {
		t := en.task
		en.warm = uint32(recordCost + len(t.Data) + len(t.Result) + recordCost/4*len(t.History))
		d.weight += int(en.warm)
		d.warm = append(d.warm, en)
	}
	for d.weight > d.budget && len(d.warm) > 0 {
		cold := d.warm[0]
		d.warm[0] = nil
		d.warm = d.warm[1:]
		d.weight -= int(cold.warm)
		cold.warm = 0
		if cold.idle() {
			cold.task = nil
		}
	}
}

// recordCost is what a record takes in memory beside its JSON, about.
const recordCost = 500

// idle says whether the record in memory is on the disk as well, and nobody
// works with it.
func (en *entry) idle() bool {
	return en.task != nil && !en.changed && en.state != running && en.state != gone
}
