package dispatch

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
)

// UnknownPoolError says that no worker definition has that name.
type UnknownPoolError struct{ Name string }

// Error names the pool.
func (e *UnknownPoolError) Error() string { return fmt.Sprintf("there is no pool %q", e.Name) }

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
		return r.Task(now, task.Policy{}) // which says what is wrong
	case p == nil:
		return task.Task{}, &UnknownPoolError{r.Pool}
	}
	r.Pool, r.Method = p.Name, method
	t, err := r.Task(now, p.Policy)
	if err != nil {
		return task.Task{}, err
	}
	if err := d.checkParent(t.Parent); err != nil {
		return task.Task{}, err
	}
	if p.QueueMax > 0 && d.opts.Queue.Queued(p.Name) >= p.QueueMax {
		if known, ok := d.opts.Queue.Find(t); ok {
			return known, nil
		}
		return task.Task{}, &QueueFullError{p.Name, p.QueueMax}
	}
	kept, fresh, err := d.opts.Queue.Submit(t)
	if fresh {
		d.changed[p] = true
		d.publishNewTask(&kept, now)
	}
	return kept, err
}

// resolvePool finds the pool of "POOL" or "POOL.METHOD". Pool names may hold dots
// themselves: the longest name that exists wins.
func (d *Dispatcher) resolvePool(r task.Request) (*pool, string) {
	if p, ok := d.pools[r.Pool]; ok && !p.gone {
		return p, r.Method
	}
	for i := len(r.Pool) - 1; i > 0 && r.Method == ""; i-- {
		if r.Pool[i] == '.' {
			if p, ok := d.pools[r.Pool[:i]]; ok && !p.gone {
				return p, r.Pool[i+1:]
			}
		}
	}
	return nil, ""
}

// Get returns the record of a task. Error: task.ErrUnknown.
func (d *Dispatcher) Get(ctx context.Context, id uuid.UUID) (task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[task.Task], _ time.Time) {
		t, ok := d.opts.Queue.Get(id)
		if !ok {
			m.replyAfterRound(d, t, fmt.Errorf("task %s: %w", id, task.ErrUnknown))
			return
		}
		m.replyAfterRound(d, t, nil)
	})
}

// List returns records, newest first.
func (d *Dispatcher) List(ctx context.Context, f task.Filter) ([]task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[[]task.Task], _ time.Time) { m.replyAfterRound(d, d.opts.Queue.List(f), nil) })
}

// CountTasks tells how many tasks of each state each pool has.
func (d *Dispatcher) CountTasks(ctx context.Context) (map[string]task.Counts, error) {
	return askLoop(ctx, d, func(m *loopRequest[map[string]task.Counts], _ time.Time) {
		m.replyAfterRound(d, d.opts.Queue.Counts(), nil)
	})
}

// Cancel ends a task, and then those that it has submitted: a queued one at
// once, a running one by asking its worker; the record says how far it is. Errors: task.ErrUnknown,
// task.ErrState.
func (d *Dispatcher) Cancel(ctx context.Context, id uuid.UUID, why string) (task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[task.Task], now time.Time) {
		t, err := d.cancelTree(id, why, now)
		m.replyWhenStored(d, t, err)
	})
}

// Retry queues a failed, cancelled or dead task again. Errors:
// task.ErrUnknown, task.ErrState.
func (d *Dispatcher) Retry(ctx context.Context, id uuid.UUID) (task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[task.Task], now time.Time) {
		t, err := d.opts.Queue.Retry(now, id)
		if p := d.pools[t.Pool]; err == nil && p != nil {
			d.changed[p] = true
			d.publishTask(&t, now)
		}
		m.replyWhenStored(d, t, err)
	})
}

// SetPools makes these the pools that exist. One that is gone takes no more
// tasks; those that it has stay queued until it is back, and are run by the
// workers that it still has.
func (d *Dispatcher) SetPools(ctx context.Context, pools []Pool) error {
	_, err := askLoop(ctx, d, func(m *loopRequest[struct{}], _ time.Time) {
		named := map[string]bool{}
		for _, p := range pools {
			named[p.Name] = true
			d.addPool(p)
		}
		for name, p := range d.pools {
			if !named[name] {
				p.gone = true
				d.forgetPool(p)
			}
		}
		m.replyAfterRound(d, struct{}{}, nil)
	})
	return err
}

// forgetPool drops a pool that is gone with its last worker.
func (d *Dispatcher) forgetPool(p *pool) {
	if p.gone && len(p.members) == 0 {
		delete(d.pools, p.Name)
		delete(d.changed, p)
	}
}

// loopRequest is a question to the loop that has one answer.
type loopRequest[T any] struct {
	do     func(m *loopRequest[T], now time.Time)
	done   chan struct{}
	result T
	err    error
}

func (m *loopRequest[T]) applyMessage(_ *Dispatcher, now time.Time) { m.do(m, now) }

// replyAfterRound tells the caller when what it shows is committed, or at once when
// nothing can be: what is asked may be why.
func (m *loopRequest[T]) replyAfterRound(d *Dispatcher, got T, err error) {
	d.afterRound(func(error) { m.reply(got, err) })
}

// replyWhenStored tells the caller of something that has happened, once it is kept.
func (m *loopRequest[T]) replyWhenStored(d *Dispatcher, got T, err error) {
	d.whenStored(func(kept error) { m.reply(got, cmp.Or(err, kept)) })
}

func (m *loopRequest[T]) reply(got T, err error) {
	m.result, m.err = got, err
	close(m.done)
}

// refuseClosed answers when the loop has ended.
func (m *loopRequest[T]) refuseClosed() {
	m.err = ErrClosed
	close(m.done)
}

// askLoop puts a question and waits for its answer, or for ctx. What was asked is
// done even when nobody waits any more.
func askLoop[T any](ctx context.Context, d *Dispatcher, do func(*loopRequest[T], time.Time)) (T, error) {
	m := &loopRequest[T]{do: do, done: make(chan struct{})}
	var none T
	if !d.mailbox.Put(m) {
		return none, ErrClosed
	}
	select {
	case <-m.done:
		return m.result, m.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
