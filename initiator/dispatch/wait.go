package dispatch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// waiter is somebody who wants the terminal record of a task. It costs a
// channel, not a goroutine.
type waiter struct {
	once chan struct{} // closed when told
	got  task.Task
	err  error
}

func (w *waiter) tell(t task.Task, err error) {
	w.got, w.err = t, err
	close(w.once)
}

// Wait returns the record of a task when it is terminal. When ctx ends first,
// it returns ctx's error and the record as it then is. Errors:
// task.ErrUnknown, ErrClosed.
func (d *Dispatcher) Wait(ctx context.Context, id uuid.UUID) (task.Task, error) {
	w := &waiter{once: make(chan struct{})}
	if !d.box.put(&waitMessage{id: id, w: w}) {
		return task.Task{}, ErrClosed
	}
	select {
	case <-w.once:
		return w.got, w.err
	case <-ctx.Done():
	}
	d.box.put(&unwaitMessage{id: id, w: w})
	now, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	t, err := d.Get(now, id)
	if err != nil {
		return t, err
	}
	return t, ctx.Err()
}

type waitMessage struct {
	id uuid.UUID
	w  *waiter
}

func (m *waitMessage) apply(d *Dispatcher, _ time.Time) {
	t, ok := d.o.Queue.Get(m.id)
	switch {
	case !ok:
		m.w.tell(t, fmt.Errorf("wait for task %s: %w", m.id, task.ErrUnknown))
	case t.State.Terminal():
		d.whenKept(func(err error) { m.w.tell(t, err) })
	default:
		d.waiters[m.id] = append(d.waiters[m.id], m.w)
	}
}

func (m *waitMessage) refuse() { m.w.tell(task.Task{}, ErrClosed) }

type unwaitMessage struct {
	id uuid.UUID
	w  *waiter
}

func (m *unwaitMessage) apply(d *Dispatcher, _ time.Time) {
	left := slices.DeleteFunc(d.waiters[m.id], func(w *waiter) bool { return w == m.w })
	if len(left) == 0 {
		delete(d.waiters, m.id)
		return
	}
	d.waiters[m.id] = left
}

// ended tells those who wait for a task that it is terminal.
func (d *Dispatcher) ended(t task.Task) {
	if !t.State.Terminal() {
		return
	}
	if p := d.pools[t.Pool]; p != nil {
		delete(p.refused, t.ID)
		delete(p.shy, t.ID)
	}
	list := d.waiters[t.ID]
	delete(d.waiters, t.ID)
	if len(list) == 0 {
		return
	}
	d.whenKept(func(err error) {
		for _, w := range list {
			w.tell(t, err)
		}
	})
}
