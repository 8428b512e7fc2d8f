package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// AsyncWait is something that was begun, and whose end somebody wants to hear of
// who has no goroutine to wait with.
type AsyncWait struct {
	d  *Dispatcher
	w  waiter
	id uuid.UUID // of the task; the loop's
}

// Forget says that nobody wants to hear of it any more; what was begun goes on.
// The end may be told all the same, if it is being told already.
func (w *AsyncWait) Forget() { w.d.mailbox.Put(forgetMessage{w}) }

type forgetMessage struct{ w *AsyncWait }

func (m forgetMessage) applyMessage(d *Dispatcher, _ time.Time) { d.removeWaiter(m.w.id, &m.w.w) }

// SubmitAsync submits a task and returns at once. Taken is told what Submit would
// have returned, ended what Call would have; either may be nil, and where taken
// is told an error, ended hears of nothing. Both are called from the loop, or
// from Begin itself when the loop has ended: they must not block, and not wait
// for the dispatcher.
func (d *Dispatcher) SubmitAsync(r task.Request, taken, ended func(task.Task, error)) *AsyncWait {
	m := &submitAsyncMessage{request: r, taken: taken, AsyncWait: &AsyncWait{d: d}}
	m.w.onEnd = ended
	if !d.mailbox.Put(m) {
		m.refuseClosed()
	}
	return m.AsyncWait
}

// WaitAsync is Wait for somebody who cannot: ended is told what Wait would have
// returned. It is called as Begin has it.
func (d *Dispatcher) WaitAsync(id uuid.UUID, ended func(task.Task, error)) *AsyncWait {
	w := &AsyncWait{d: d, id: id, w: waiter{onEnd: ended}}
	if m := (&waitMessage{id: id, w: &w.w}); !d.mailbox.Put(m) {
		m.refuseClosed()
	}
	return w
}

type submitAsyncMessage struct {
	*AsyncWait
	request task.Request
	taken   func(task.Task, error)
}

func (m *submitAsyncMessage) applyMessage(d *Dispatcher, now time.Time) {
	t, err := d.submitTask(m.request, now)
	m.id = t.ID
	switch {
	case err != nil:
		m.notifyFailure(err)
		return
	case m.taken != nil:
		taken := m.taken
		d.afterRound(func(kept error) { taken(t, kept) })
	}
	if m.w.onEnd != nil {
		d.addSubmitWaiter(t, &m.w)
	}
}

func (m *submitAsyncMessage) refuseClosed() { m.notifyFailure(ErrClosed) }

// notifyFailure tells everybody that there is no such task.
func (m *submitAsyncMessage) notifyFailure(err error) {
	if m.taken != nil {
		m.taken(task.Task{}, err)
	}
	if m.w.onEnd != nil {
		m.w.onEnd(task.Task{}, err)
	}
}
