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

// QueueFullError says that a pool already has the most queued tasks that its
// queue_max allows.
type QueueFullError struct {
	Pool string
	Max  int
}

// Error names the pool and its limit.
func (e *QueueFullError) Error() string {
	return fmt.Sprintf("submit: the queue of %s is full (queue_max = %d); try again later", e.Pool, e.Max)
}

// Is reports whether target is task.ErrQueueFull.
func (e *QueueFullError) Is(target error) bool { return target == task.ErrQueueFull }

// Submit queues a task and returns its record once the record is stored.
// Submitting an id or key again, or a unique key while a task with it is not
// finished, returns the existing task with Known set. Errors: task.ErrInvalid,
// *UnknownPoolError, *QueueFullError, task.ErrState for a child of a task that
// has ended, ErrClosed, or the error of the queue.
func (d *Dispatcher) Submit(ctx context.Context, r task.Request) (task.Task, error) {
	return d.submit(ctx, r, nil)
}

func (d *Dispatcher) submit(ctx context.Context, r task.Request, by *WorkerCaller) (task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[task.Task], now time.Time) {
		t, err := d.submitTask(r, by, now)
		d.afterRound(func(kept error) { m.reply(t, cmp.Or(err, kept)) })
	})
}

// submitTask queues a task on behalf of by; nil = of a client. Of a known task it
// returns what limitRecord leaves.
func (d *Dispatcher) submitTask(r task.Request, by *WorkerCaller, now time.Time) (task.Task, error) {
	p, method := d.resolvePool(r)
	switch {
	case r.Pool == "":
		return queue.NewTask(r, now, task.Policy{}) // returns the error for a missing pool
	case p == nil:
		return task.Task{}, &UnknownPoolError{r.Pool}
	}
	r.Pool, r.Method = p.Name, method
	t, err := queue.NewTask(r, now, p.Policy)
	if err != nil {
		return task.Task{}, err
	}
	if err := cmp.Or(d.checkHolder(t.Parent, by), d.checkParent(t.Parent)); err != nil {
		return task.Task{}, err
	}
	if by != nil {
		t.SubmittedBy = by.Pool
	}
	if p.QueueMax > 0 && d.opts.Queue.CountQueued(p.Name) >= p.QueueMax {
		if known, ok := d.opts.Queue.FindExisting(t); ok {
			d.limitRecord(&known, by)
			return known, nil
		}
		return task.Task{}, &QueueFullError{p.Name, p.QueueMax}
	}
	kept, fresh, err := d.opts.Queue.AddTask(t)
	if fresh {
		d.changed[p] = true
		d.publishNewTask(&kept, now)
	}
	d.limitRecord(&kept, by)
	return kept, err
}

// checkParent reports why a task may not be submitted as a child of parent; nil
// = it may. The parent must not have ended: a cancelled parent would not reach
// the new child.
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

// BatchLineResult is the result for one task of SubmitMany or Import: its
// record, or Err.
type BatchLineResult struct {
	Task task.Task
	Err  error
}

// SubmitMany is Submit for many tasks with one request to the loop and one
// commit. The results are in the order of the requests, and their errors are
// those of Submit; a refused request does not affect the others. The error is
// ErrClosed, or that of ctx when some tasks may have been stored.
func (d *Dispatcher) SubmitMany(ctx context.Context, requests []task.Request) ([]BatchLineResult, error) {
	return askLoop(ctx, d, func(m *loopRequest[[]BatchLineResult], now time.Time) {
		all := make([]BatchLineResult, len(requests))
		for i, r := range requests {
			all[i].Task, all[i].Err = d.submitTask(r, nil, now)
		}
		d.afterRound(func(kept error) {
			for i := range all {
				all[i].Err = cmp.Or(all[i].Err, kept)
			}
			m.reply(all, nil)
		})
	})
}
