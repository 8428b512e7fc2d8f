package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// AsyncWait is a wait for the end of a task that reports to a callback instead
// of a waiting goroutine.
type AsyncWait struct {
	d  *Dispatcher
	w  waiter
	id uuid.UUID // of the task; owned by the loop
}

// Forget ends the wait; the task goes on. The callback may still be called if
// its call is already under way.
func (w *AsyncWait) Forget() { w.d.mailbox.Put(forgetMessage{w}) }

type forgetMessage struct{ w *AsyncWait }

func (m forgetMessage) applyMessage(d *Dispatcher, _ time.Time) { d.removeWaiter(m.w.id, &m.w.w) }

// SubmitAsync submits a task and returns at once. The loop calls taken with the
// results of Submit and ended with the results of Call; either may be nil. When
// the task is not accepted or not stored, both receive the error. After the
// loop has ended, SubmitAsync itself calls both with ErrClosed. The callbacks
// must not block and must not wait for the dispatcher.
func (d *Dispatcher) SubmitAsync(r task.Request, taken, ended func(task.Task, error)) *AsyncWait {
	m := &submitAsyncMessage{request: r, taken: taken, AsyncWait: &AsyncWait{d: d}}
	m.w.onEnd = ended
	if !d.mailbox.Put(m) {
		m.refuseClosed()
	}
	return m.AsyncWait
}

// WaitAsync is Wait without a waiting goroutine: it calls ended with the
// results of Wait. The rules for callbacks of SubmitAsync apply.
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
	t, err := d.submitTask(m.request, nil, now)
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

// notifyFailure tells both callbacks that there is no such task.
func (m *submitAsyncMessage) notifyFailure(err error) {
	if m.taken != nil {
		m.taken(task.Task{}, err)
	}
	if m.w.onEnd != nil {
		m.w.onEnd(task.Task{}, err)
	}
}
