package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Call submits a task and returns its record when it is terminal: Submit and
// Wait in one question to the loop. Errors are those of Submit. When ctx ends
// first, it returns ctx's error and the record as it then is; the task goes on.
func (d *Dispatcher) Call(ctx context.Context, r task.Request) (task.Task, error) {
	if r.ID == uuid.Nil && r.Key == "" {
		r.ID = task.NewID() // here, rather than in the loop
	}
	m := callPool.Get().(*callMessage)
	m.request = r
	if !d.mailbox.Put(m) {
		return task.Task{}, ErrClosed
	}
	if m.w.waitNotified(ctx) {
		t, err := m.w.got, m.w.err
		m.recycleMessage()
		return t, err
	}
	now, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	t, err := askLoop(now, d, func(a *loopRequest[task.Task], _ time.Time) {
		d.removeWaiter(m.id, &m.w)
		t, _ := d.opts.Queue.FindTask(m.id)
		t.Known = m.w.known
		a.replyAfterRound(d, t, nil)
	})
	select {
	case <-m.w.done: // just before it was given up
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

// callPool are messages that nobody uses.
var callPool = sync.Pool{New: func() any { return &callMessage{w: newWaiter()} }}

// recycleMessage is for whoever has taken what the waiter was told.
func (m *callMessage) recycleMessage() {
	*m = callMessage{w: waiter{done: m.w.done}}
	callPool.Put(m)
}

func (m *callMessage) applyMessage(d *Dispatcher, now time.Time) {
	t, err := d.submitTask(m.request, now)
	m.id = t.ID
	if err != nil {
		m.w.notify(t, err)
		return
	}
	d.addSubmitWaiter(t, &m.w)
}

func (m *callMessage) refuseClosed() { m.w.notify(task.Task{}, ErrClosed) }
