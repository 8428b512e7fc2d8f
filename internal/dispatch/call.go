package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
)

// Call submits a task and returns its record when it is terminal: Submit and
// Wait in one question to the loop. Errors are those of Submit. When ctx ends
// first, it returns ctx's error and the record as it then is; the task goes on.
func (d *Dispatcher) Call(ctx context.Context, r task.Request) (task.Task, error) {
	if r.ID == uuid.Nil && r.Key == "" {
		r.ID = task.NewID() // here, rather than in the loop
	}
	m := spareCalls.Get().(*callMessage)
	m.request = r
	if !d.box.Put(m) {
		return task.Task{}, ErrClosed
	}
	if m.w.wait(ctx) {
		t, err := m.w.got, m.w.err
		m.recycle()
		return t, err
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

// callMessage is used again for another call, but only after its waiter has
// been told: from then on the loop knows it no more.
type callMessage struct {
	request task.Request
	w       waiter
	id      uuid.UUID // the loop's: it is known once the message is applied
}

// spareCalls are messages that nobody uses.
var spareCalls = sync.Pool{New: func() any { return &callMessage{w: newWaiter()} }}

// recycle is for whoever has taken what the waiter was told.
func (m *callMessage) recycle() {
	*m = callMessage{w: waiter{once: m.w.once}}
	spareCalls.Put(m)
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
