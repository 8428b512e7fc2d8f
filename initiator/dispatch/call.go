package dispatch

import (
	"context"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Call submits a task and returns its record when it is terminal: Submit and
// Wait in one question to the loop. Errors are those of Submit. When ctx ends
// first, it returns ctx's error and the record as it then is; the task goes on.
func (d *Dispatcher) Call(ctx context.Context, r task.Request) (task.Task, error) {
	if r.ID == uuid.Nil && r.Key == "" {
		r.ID = uuid.Must(uuid.NewV7()) // here, rather than in the loop
	}
	m := &callMessage{request: r, w: waiter{once: make(chan struct{})}}
	if !d.box.put(m) {
		return task.Task{}, ErrClosed
	}
	select {
	case <-m.w.once:
		return m.w.got, m.w.err
	case <-ctx.Done():
	}
	now, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	t, err := ask(now, d, func(a *ask1[task.Task], _ time.Time) {
		d.unwait(m.id, &m.w)
		t, _ := d.o.Queue.Get(m.id)
		t.Known = m.w.known
		a.answer(d, t, nil)
	})
	select {
	case <-m.w.once: // just before it was given up
		return m.w.got, m.w.err
	default:
	}
	if err != nil {
		return t, err
	}
	return t, ctx.Err()
}

type callMessage struct {
	request task.Request
	w       waiter
	id      uuid.UUID // the loop's: it is known once the message is applied
}

func (m *callMessage) apply(d *Dispatcher, now time.Time) {
	t, err := d.submit(m.request, now)
	m.id = t.ID
	if err != nil {
		m.w.tell(t, err)
		return
	}
	d.awaitKept(t, &m.w)
}

func (m *callMessage) refuse() { m.w.tell(task.Task{}, ErrClosed) }
