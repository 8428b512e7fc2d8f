package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
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
func (w *AsyncWait) Forget() { w.d.box.Put(forgetMessage{w}) }

type forgetMessage struct{ w *AsyncWait }

func (m forgetMessage) apply(d *Dispatcher, _ time.Time) { d.unwait(m.w.id, &m.w.w) }

// SubmitAsync submits a task and returns at once. Taken is told what Submit would
// have returned, ended what Call would have; either may be nil, and where taken
// is told an error, ended hears of nothing. Both are called from the loop, or
// from Begin itself when the loop has ended: they must not block, and not wait
// for the dispatcher.
func (d *Dispatcher) SubmitAsync(r task.Request, taken, ended func(task.Task, error)) *AsyncWait {
	m := &beginMessage{request: r, taken: taken, AsyncWait: &AsyncWait{d: d}}
	m.w.end = ended
	if !d.box.Put(m) {
		m.refuse()
	}
	return m.AsyncWait
}

// WaitAsync is Wait for somebody who cannot: ended is told what Wait would have
// returned. It is called as Begin has it.
func (d *Dispatcher) WaitAsync(id uuid.UUID, ended func(task.Task, error)) *AsyncWait {
	w := &AsyncWait{d: d, id: id, w: waiter{end: ended}}
	if m := (&waitMessage{id: id, w: &w.w}); !d.box.Put(m) {
		m.refuse()
	}
	return w
}

type beginMessage struct {
	*AsyncWait
	request task.Request
	taken   func(task.Task, error)
}

func (m *beginMessage) apply(d *Dispatcher, now time.Time) {
	t, err := d.submit(m.request, now)
	m.id = t.ID
	switch {
	case err != nil:
		m.fail(err)
		return
	case m.taken != nil:
		taken := m.taken
		d.then(func(kept error) { taken(t, kept) })
	}
	if m.w.end != nil {
		d.awaitKept(t, &m.w)
	}
}

func (m *beginMessage) refuse() { m.fail(ErrClosed) }

// fail tells everybody that there is no such task.
func (m *beginMessage) fail(err error) {
	if m.taken != nil {
		m.taken(task.Task{}, err)
	}
	if m.w.end != nil {
		m.w.end(task.Task{}, err)
	}
}
