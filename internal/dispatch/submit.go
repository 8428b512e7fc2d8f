package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// QueueFullError says that a pool has as many queued tasks as it may.
type QueueFullError struct {
	Pool string
	Max  int
}

// Error names the pool and its limit.
func (e *QueueFullError) Error() string {
	return fmt.Sprintf("submit: the queue of %s is full (queue_max = %d); try again later", e.Pool, e.Max)
}

// Submit queues a task and returns its record once it is kept. Submitting an
// id or key again, or a unique key while a task of it lives, returns the task
// that is Known. Errors: task.ErrInvalid, *UnknownPoolError, *QueueFullError, task.ErrState
// for a child of a task that has ended, ErrClosed, or that it could not be kept.
func (d *Dispatcher) Submit(ctx context.Context, r task.Request) (task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[task.Task], now time.Time) {
		t, err := d.submitTask(r, now)
		d.afterRound(func(kept error) { m.reply(t, cmp.Or(err, kept)) })
	})
}

func (d *Dispatcher) submitTask(r task.Request, now time.Time) (task.Task, error) {
	p, method := d.resolvePool(r)
	switch {
	case r.Pool == "":
		return queue.NewTask(r, now, task.Policy{}) // which says what is wrong
	case p == nil:
		return task.Task{}, &UnknownPoolError{r.Pool}
	}
	r.Pool, r.Method = p.Name, method
	t, err := queue.NewTask(r, now, p.Policy)
	if err != nil {
		return task.Task{}, err
	}
	if err := d.checkParent(t.Parent); err != nil {
		return task.Task{}, err
	}
	if p.QueueMax > 0 && d.opts.Queue.CountQueued(p.Name) >= p.QueueMax {
		if known, ok := d.opts.Queue.FindExisting(t); ok {
			return known, nil
		}
		return task.Task{}, &QueueFullError{p.Name, p.QueueMax}
	}
	kept, fresh, err := d.opts.Queue.AddTask(t)
	if fresh {
		d.changed[p] = true
		d.publishNewTask(&kept, now)
	}
	return kept, err
}

// checkParent says whether a task may be submitted as the child of another one:
// that must be alive, because the cancel of one that has gone reaches nobody.
func (d *Dispatcher) checkParent(parent uuid.UUID) error {
	if parent == uuid.Nil {
		return nil
	}
	t, ok := d.opts.Queue.FindTask(parent)
	switch {
	case !ok:
		return fmt.Errorf("%w: its parent %s does not exist", task.ErrInvalid, parent)
	case t.State.Terminal():
		return fmt.Errorf("submit: its parent %s is %s: %w", parent, t.State, task.ErrConflict)
	case d.isCancelled(t):
		return fmt.Errorf("submit: its parent %s is being cancelled: %w", parent, task.ErrConflict)
	}
	return nil
}

// BatchLineResult is what became of one of many submits: its record, or Err, which is
// one of Submit's.
type BatchLineResult struct {
	Task task.Task
	Err  error
}

// SubmitMany is Submit for many in one question to the loop, and so with one
// commit for all of them. Every request has its own verdict, in their order;
// one that is refused does not keep the others out. The error is that nobody
// could be asked, or ctx's, when some of them may have been taken.
func (d *Dispatcher) SubmitMany(ctx context.Context, requests []task.Request) ([]BatchLineResult, error) {
	return askLoop(ctx, d, func(m *loopRequest[[]BatchLineResult], now time.Time) {
		all := make([]BatchLineResult, len(requests))
		for i, r := range requests {
			all[i].Task, all[i].Err = d.submitTask(r, now)
		}
		d.afterRound(func(kept error) {
			for i := range all {
				all[i].Err = cmp.Or(all[i].Err, kept)
			}
			m.reply(all, nil)
		})
	})
}
