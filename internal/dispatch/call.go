package dispatch

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Call submits a task and returns its record when it is terminal: Submit and
// Wait with one request to the loop. Errors are those of Submit. When ctx ends
// first, Call returns the error of ctx and the record as it is then; the task
// goes on.
func (d *Dispatcher) Call(ctx context.Context, r task.Request) (task.Task, error) {
	return d.call(ctx, r, nil)
}

func (d *Dispatcher) call(ctx context.Context, r task.Request, by *WorkerCaller) (task.Task, error) {
	if r.ID == uuid.Nil && r.Key == "" {
		r.ID = task.NewID() // made here to spare the loop
	}
	m := callPool.Get().(*callMessage)
	m.request, m.by = r, by
	if !d.mailbox.Put(m) {
		return task.Task{}, ErrClosed
	}
	if m.w.waitNotified(ctx) {
		t, err := m.w.got, m.w.err
		m.recycleMessage()
		return t, err
	}
	now, cancel := withoutWait(ctx)
	defer cancel()
	t, err := askLoop(now, d, func(a *loopRequest[task.Task], _ time.Time) {
		d.removeWaiter(m.id, &m.w)
		t, _ := d.opts.Queue.FindTask(m.id)
		t.Known = m.w.known
		d.limitRecord(&t, by)
		a.replyAfterRound(d, t, nil)
	})
	select {
	case <-m.w.done: // notified just before the caller gave up
		return m.w.got, m.w.err
	default:
	}
	if err != nil {
		return t, err
	}
	return t, ctx.Err()
}

// callMessage is reused for other calls, but only after its waiter has been
// notified: the loop then holds no reference to it.
type callMessage struct {
	request task.Request
	by      *WorkerCaller // nil = a client
	w       waiter
	id      uuid.UUID // owned by the loop; set when the message is applied
}

// callPool holds messages that are not in use.
var callPool = sync.Pool{New: func() any { return &callMessage{w: newWaiter()} }}

// recycleMessage returns the message to the pool. Call it after the waiter has
// been notified and its result was read.
func (m *callMessage) recycleMessage() {
	*m = callMessage{w: waiter{done: m.w.done}}
	callPool.Put(m)
}

func (m *callMessage) applyMessage(d *Dispatcher, now time.Time) {
	t, err := d.submitTask(m.request, m.by, now)
	m.id = t.ID
	switch {
	case err != nil:
		m.w.notify(t, err)
	case t.Pool == "": // known, and not open to the worker that asks
		d.afterRound(func(kept error) { m.w.notify(t, kept) })
	default:
		d.addSubmitWaiter(t, &m.w)
	}
}

func (m *callMessage) refuseClosed() { m.w.notify(task.Task{}, ErrClosed) }
