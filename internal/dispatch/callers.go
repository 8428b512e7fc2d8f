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
	return ask(ctx, d, func(m *ask1[task.Task], now time.Time) {
		t, err := d.submit(r, now)
		d.then(func(kept error) { m.tell(t, cmp.Or(err, kept)) })
	})
}

func (d *Dispatcher) submit(r task.Request, now time.Time) (task.Task, error) {
	p, method := d.target(r)
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
	if err := d.mayBear(t.Parent); err != nil {
		return task.Task{}, err
	}
	if p.QueueMax > 0 && d.o.Queue.Queued(p.Name) >= p.QueueMax {
		if known, ok := d.o.Queue.Find(t); ok {
			return known, nil
		}
		return task.Task{}, &QueueFullError{p.Name, p.QueueMax}
	}
	kept, fresh, err := d.o.Queue.Submit(t)
	if fresh {
		d.changed[p] = true
		d.born(&kept, now)
	}
	return kept, err
}

// target finds the pool of "POOL" or "POOL.METHOD". Pool names may hold dots
// themselves: the longest name that exists wins.
func (d *Dispatcher) target(r task.Request) (*pool, string) {
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
	return ask(ctx, d, func(m *ask1[task.Task], _ time.Time) {
		t, ok := d.o.Queue.Get(id)
		if !ok {
			m.answer(d, t, fmt.Errorf("task %s: %w", id, task.ErrUnknown))
			return
		}
		m.answer(d, t, nil)
	})
}

// List returns records, newest first.
func (d *Dispatcher) List(ctx context.Context, f task.Filter) ([]task.Task, error) {
	return ask(ctx, d, func(m *ask1[[]task.Task], _ time.Time) { m.answer(d, d.o.Queue.List(f), nil) })
}

// CountTasks tells how many tasks of each state each pool has.
func (d *Dispatcher) CountTasks(ctx context.Context) (map[string]task.Counts, error) {
	return ask(ctx, d, func(m *ask1[map[string]task.Counts], _ time.Time) { m.answer(d, d.o.Queue.Counts(), nil) })
}

// Cancel ends a task, and then those that it has submitted: a queued one at
// once, a running one by asking its worker; the record says how far it is. Errors: task.ErrUnknown,
// task.ErrState.
func (d *Dispatcher) Cancel(ctx context.Context, id uuid.UUID, why string) (task.Task, error) {
	return ask(ctx, d, func(m *ask1[task.Task], now time.Time) {
		t, err := d.cancelTree(id, why, now)
		m.answerKept(d, t, err)
	})
}

// Retry queues a failed, cancelled or dead task again. Errors:
// task.ErrUnknown, task.ErrState.
func (d *Dispatcher) Retry(ctx context.Context, id uuid.UUID) (task.Task, error) {
	return ask(ctx, d, func(m *ask1[task.Task], now time.Time) {
		t, err := d.o.Queue.Retry(now, id)
		if p := d.pools[t.Pool]; err == nil && p != nil {
			d.changed[p] = true
			d.announce(&t, now)
		}
		m.answerKept(d, t, err)
	})
}

// SetPools makes these the pools that exist. One that is gone takes no more
// tasks; those that it has stay queued until it is back, and are run by the
// workers that it still has.
func (d *Dispatcher) SetPools(ctx context.Context, pools []Pool) error {
	_, err := ask(ctx, d, func(m *ask1[struct{}], _ time.Time) {
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
		m.answer(d, struct{}{}, nil)
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

// ask1 is a question to the loop that has one answer.
type ask1[T any] struct {
	do   func(m *ask1[T], now time.Time)
	done chan struct{}
	got  T
	err  error
}

func (m *ask1[T]) apply(_ *Dispatcher, now time.Time) { m.do(m, now) }

// answer tells the caller when what it shows is committed, or at once when
// nothing can be: what is asked may be why.
func (m *ask1[T]) answer(d *Dispatcher, got T, err error) {
	d.then(func(error) { m.tell(got, err) })
}

// answerKept tells the caller of something that has happened, once it is kept.
func (m *ask1[T]) answerKept(d *Dispatcher, got T, err error) {
	d.whenKept(func(kept error) { m.tell(got, cmp.Or(err, kept)) })
}

func (m *ask1[T]) tell(got T, err error) {
	m.got, m.err = got, err
	close(m.done)
}

// refuse answers when the loop has ended.
func (m *ask1[T]) refuse() {
	m.err = ErrClosed
	close(m.done)
}

// ask puts a question and waits for its answer, or for ctx. What was asked is
// done even when nobody waits any more.
func ask[T any](ctx context.Context, d *Dispatcher, do func(*ask1[T], time.Time)) (T, error) {
	m := &ask1[T]{do: do, done: make(chan struct{})}
	var none T
	if !d.box.Put(m) {
		return none, ErrClosed
	}
	select {
	case <-m.done:
		return m.got, m.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}
