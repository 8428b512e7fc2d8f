package dispatch

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// SelectTasks returns which tasks are on one page of a list. Errors:
// task.ErrInvalid for f.After, ErrClosed, that of ctx.
func (d *Dispatcher) SelectTasks(ctx context.Context, f task.Filter) (queue.Selection, error) {
	return askLoop(ctx, d, func(m *loopRequest[queue.Selection], _ time.Time) {
		got, err := d.opts.Queue.SelectTasks(f)
		m.reply(got, err)
	})
}

// selectAll returns all tasks that f selects, whatever f.Limit is.
func (d *Dispatcher) selectAll(ctx context.Context, f task.Filter) ([]uuid.UUID, error) {
	f.Limit = maxInt
	got, err := d.SelectTasks(ctx, f)
	return got.IDs, err
}

const maxInt = int(^uint(0) >> 1)

// List returns the tasks that match f, newest first, without payloads unless f asks
// for them.
func (d *Dispatcher) List(ctx context.Context, f task.Filter) (task.Page, error) {
	chosen, err := d.SelectTasks(ctx, f)
	if err != nil {
		return task.Page{}, err
	}
	page := task.Page{Tasks: []task.Task{}, Next: chosen.Next, Total: chosen.Total}
	err = d.EachTask(ctx, chosen.IDs, func(s *queue.TaskReader) error {
		if f.Data {
			if err := s.AddPayloads(); err != nil {
				return err
			}
		} else {
			s.DropPayloads()
		}
		page.Tasks = append(page.Tasks, s.Task)
		return nil
	})
	return page, err
}

// TaskReader returns a task, loaded, whose payloads may still be on the disk. The
// caller closes it. Error: task.ErrNotFound.
func (d *Dispatcher) OpenTask(ctx context.Context, id uuid.UUID) (*queue.TaskReader, error) {
	got, err := d.openTasks(ctx, []uuid.UUID{id})
	if err != nil {
		return nil, err
	}
	if len(got.readers) == 0 {
		return nil, fmt.Errorf("task %s: %w", id, task.ErrNotFound)
	}
	got.readers[0].Load()
	return got.readers[0], nil
}

// These limit what one round of the loop looks up for a list. Other messages are
// handled in between, and no goroutine holds the whole list in memory.
const (
	listStep  = 256
	listBytes = 1 << 20
)

// EachTask passes tasks to each, in the order of the ids. Each TaskReader is loaded,
// shows the task at the time at which it is read, and is valid until each returns.
// A task that the queue has forgotten is left out. Errors: that of each, that of
// ctx, ErrClosed.
func (d *Dispatcher) EachTask(ctx context.Context, ids []uuid.UUID, each func(*queue.TaskReader) error) error {
	for len(ids) > 0 {
		some, err := d.openTasks(ctx, ids)
		if err != nil {
			return err
		}
		for _, s := range some.readers {
			if err == nil {
				s.Load()
				err = each(s)
			}
			s.Close()
		}
		if err != nil {
			return err
		}
		ids = ids[some.looked:]
	}
	return nil
}

// openBatch holds some tasks, and the number of ids that were looked up for
// them.
type openBatch struct {
	readers []*queue.TaskReader
	looked  int
}

func (b openBatch) close() {
	for _, s := range b.readers {
		s.Close()
	}
}

// openTasks looks up the first tasks of a list. The readers belong to the
// caller, or to the loop when the caller has stopped waiting before the answer:
// whichever claims them first does not close them.
func (d *Dispatcher) openTasks(ctx context.Context, ids []uuid.UUID) (openBatch, error) {
	var claimed atomic.Bool
	var found openBatch
	got, err := askLoop(ctx, d, func(m *loopRequest[openBatch], _ time.Time) {
		found = d.lookUpTasks(ids)
		d.afterRound(func(error) {
			if !claimed.CompareAndSwap(false, true) {
				found.close()
				return
			}
			m.reply(found, nil)
		})
	})
	if err != nil && !claimed.CompareAndSwap(false, true) {
		found.close() // the answer came at the same time as the end of ctx
	}
	return got, err
}

// lookUpTasks looks up so many tasks that the payloads in memory do not become
// too long.
func (d *Dispatcher) lookUpTasks(ids []uuid.UUID) (b openBatch) {
	for size := int64(0); b.looked < min(len(ids), listStep) && size < listBytes; b.looked++ {
		if s, ok := d.opts.Queue.OpenTask(ids[b.looked]); ok {
			b.readers = append(b.readers, s)
			size += s.PayloadLength()
		}
	}
	return b
}
