package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// waiter is somebody who wants the terminal record of a task. It costs a
// channel, not a goroutine.
type waiter struct {
	done chan struct{} // has a token when told, once
	// onEnd is called instead, by whoever has no goroutine that could wait.
	onEnd func(task.Task, error)
	got   task.Task
	err   error
	id    uuid.UUID // of the task that was submitted for it
	known bool      // that task was there before
	next  *waiter   // for the same task
}

func newWaiter() waiter { return waiter{done: make(chan struct{}, 1)} }

func (w *waiter) notify(t task.Task, err error) {
	t.Known = t.Known || w.known
	if w.onEnd != nil {
		w.onEnd(t, err)
		return
	}
	w.got, w.err = t, err
	w.done <- struct{}{} // he may be somebody else's from here on
}

// waitNotified waits until the waiter has been told, which is true, or ctx ends.
func (w *waiter) waitNotified(ctx context.Context) bool {
	end := ctx.Done()
	if end == nil {
		<-w.done
		return true
	}
	select {
	case <-w.done:
		return true
	case <-end:
		return false
	}
}

// Wait returns the record of a task when it is terminal. When ctx ends first,
// it returns ctx's error and the record as it then is. Errors:
// task.ErrUnknown, ErrClosed.
func (d *Dispatcher) Wait(ctx context.Context, id uuid.UUID) (task.Task, error) {
	w := newWaiter()
	if !d.mailbox.Put(&waitMessage{id: id, w: &w}) {
		return task.Task{}, ErrClosed
	}
	if w.waitNotified(ctx) {
		return w.got, w.err
	}
	d.mailbox.Put(&stopWaitMessage{id: id, w: &w})
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

func (m *waitMessage) applyMessage(d *Dispatcher, _ time.Time) {
	t, ok := d.opts.Queue.FindTask(m.id)
	if !ok {
		m.w.notify(t, fmt.Errorf("wait for task %s: %w", m.id, task.ErrNotFound))
		return
	}
	d.addWaiter(t, m.w)
}

// addWaiter tells a waiter of a task's end, now if it has ended. Among the many
// who are told, none costs a copy of the record but his own.
func (d *Dispatcher) addWaiter(t task.Task, w *waiter) {
	w.next = d.waiters[t.ID]
	d.waiters[t.ID] = w
	d.notifyWaiters(t)
}

// addSubmitWaiter is await for one who has submitted the task in this round: when it
// cannot be kept there is no such task, and so no end of it.
func (d *Dispatcher) addSubmitWaiter(t task.Task, w *waiter) {
	w.id, w.known = t.ID, t.Known
	d.effects = append(d.effects, effect{waiter: w})
	d.addWaiter(t, w)
}

// notifyNotStored tells one who waits for a task that there is none. One who is told
// of its end, which is later in any case, is not touched.
func (d *Dispatcher) notifyNotStored(w *waiter, kept error) {
	if kept != nil && d.removeWaiter(w.id, w) {
		w.notify(task.Task{}, kept)
	}
}

func (m *waitMessage) refuseClosed() { m.w.notify(task.Task{}, ErrClosed) }

type stopWaitMessage struct {
	id uuid.UUID
	w  *waiter
}

func (m *stopWaitMessage) applyMessage(d *Dispatcher, _ time.Time) { d.removeWaiter(m.id, m.w) }

// removeWaiter drops a waiter and reports whether he was still there: one who is not
// has been told, or will be.
func (d *Dispatcher) removeWaiter(id uuid.UUID, w *waiter) (found bool) {
	first := d.waiters[id]
	for at := &first; *at != nil; at = &(*at).next {
		if *at == w {
			*at, found = w.next, true
			break
		}
	}
	if d.waiters[id] = first; first == nil {
		delete(d.waiters, id)
	}
	return found
}

// notifyWaiters tells those who wait for a task that it is terminal.
func (d *Dispatcher) notifyWaiters(t task.Task) {
	if !t.State.Terminal() {
		return
	}
	if p := d.pools[t.Pool]; p != nil {
		delete(p.refused, t.ID)
		delete(p.isolated, t.ID)
	}
	if t.Callback != "" {
		owed := t // a copy that only those who have a callback pay for
		d.whenStored(func(err error) {
			if err == nil {
				d.enqueueCallback(owed)
			}
		})
	}
	first := d.waiters[t.ID]
	if first == nil {
		return
	}
	delete(d.waiters, t.ID)
	for w := first; w != nil; w = w.next {
		w.got = t
	}
	d.effects = append(d.effects, effect{waiter: first, untilStored: true})
}

// notifyChain tells a waiter and those behind it, who have the record already.
func (w *waiter) notifyChain(err error) {
	for w != nil {
		next := w.next // told, he is gone
		w.notify(w.got, err)
		w = next
	}
}
