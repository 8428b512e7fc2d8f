package dispatch

import (
	"context"
	"time"

	"initiator/initiator/task"
)

// Call submits a task and returns its record when it is terminal: Submit and
// Wait in one question to the loop. Errors are those of Submit. When ctx ends
// first, it returns ctx's error and the record as it then is; the task goes on.
func (d *Dispatcher) Call(ctx context.Context, r task.Request) (task.Task, error) {
	m := &callMessage{request: r, w: waiter{once: make(chan struct{})}}
	if !d.box.put(m) {
		return task.Task{}, ErrClosed
	}
	select {
	case <-m.w.once:
		return m.w.got, m.w.err
	case <-ctx.Done():
	}
	known, err := d.Submit(context.WithoutCancel(ctx), r)
	_ = known
	return known, err
}

type callMessage struct {
	request task.Request
	w       waiter
}

func (m *callMessage) apply(d *Dispatcher, now time.Time) {
	t, err := d.submit(m.request, now)
	switch {
	case err != nil:
		m.w.tell(t, err)
	case t.State.Terminal():
		d.then(func(err error) { m.w.tell(t, err) })
	default:
		d.waiters[t.ID] = append(d.waiters[t.ID], &m.w)
	}
}

func (m *callMessage) refuse() { m.w.tell(task.Task{}, ErrClosed) }
