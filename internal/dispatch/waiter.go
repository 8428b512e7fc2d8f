package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// waiter stands for a caller that waits for the terminal record of a task. It
// costs a channel and no goroutine.
type waiter struct {
	done chan struct{} // receives one token, once
	// onEnd is called instead, for a caller that has no goroutine to wait with.
	onEnd func(task.Task, error)
	got   task.Task
	err   error
	id    uuid.UUID // of the task that was submitted together with the waiter
	known bool      // that task existed before the submit
	// waits is set while the waiter is registered. prev and next are the other
	// waiters for the same task.
	waits      bool
	prev, next *waiter
}

func newWaiter() waiter { return waiter{done: make(chan struct{}, 1)} }

func (w *waiter) notify(t task.Task, err error) {
	t.Known = t.Known || w.known
	if w.onEnd != nil {
		w.onEnd(t, err)
		return
	}
	w.got, w.err = t, err
	w.done <- struct{}{} // from here on another call may use the waiter
}

// waitNotified waits for notify and returns true, or returns false when ctx
// ends first.
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
// Wait returns the error of ctx and the record as it is then. Errors:
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
	now, cancel := withoutWait(ctx)
	defer cancel()
	t, err := d.Get(now, id)
	if err != nil {
		return t, err
	}
	return t, ctx.Err()
}

// lookupTimeout bounds a question to the loop whose caller waits no longer.
const lookupTimeout = 10 * time.Second

// withoutWait returns a context for a question to the loop that does not end with
// ctx: the end of a wait is no reason to answer without the record.
func withoutWait(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), lookupTimeout)
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

// addWaiter registers a waiter for the end of a task, and notifies it now if
// the task has ended. t is copied only for the waiters of one ended task, not
// for each waiter.
func (d *Dispatcher) addWaiter(t task.Task, w *waiter) {
	if w.next = d.waiters[t.ID]; w.next != nil {
		w.next.prev = w
	}
	w.waits, w.prev = true, nil
	d.waiters[t.ID] = w
	if t.State.Terminal() {
		d.notifyTaskWaiters(t)
	}
}

// addSubmitWaiter is addWaiter for the caller that submitted the task in this
// round. When the task cannot be stored there is no such task, and the waiter
// receives that error.
func (d *Dispatcher) addSubmitWaiter(t task.Task, w *waiter) {
	w.id, w.known = t.ID, t.Known
	d.effects = append(d.effects, effect{waiter: w})
	d.addWaiter(t, w)
}

// notifyNotStored tells a waiter that its task was not stored. A waiter that
// has already been notified is skipped, as is a waiter whose notification is
// under way.
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

// removeWaiter removes a waiter and reports whether it was still registered. A
// waiter that is not registered has been notified, or will be.
func (d *Dispatcher) removeWaiter(id uuid.UUID, w *waiter) bool {
	if !w.waits {
		return false
	}
	switch {
	case w.prev != nil:
		w.prev.next = w.next
	case w.next != nil:
		d.waiters[id] = w.next
	default:
		delete(d.waiters, id)
	}
	if w.next != nil {
		w.next.prev = w.prev
	}
	w.waits, w.prev, w.next = false, nil, nil
	return true
}

// notifyWaiters notifies the waiters of a terminal task, and enqueues its
// callback. It does nothing for any other task.
func (d *Dispatcher) notifyWaiters(t task.Task) {
	if !t.State.Terminal() {
		return
	}
	if p := d.pools[t.Pool]; p != nil {
		delete(p.refused, t.ID)
		p.isolated.removeTask(t.ID)
	}
	if t.Callback != "" {
		owed := t // only tasks with a callback pay for this copy
		d.whenStored(func(err error) {
			if err == nil {
				d.enqueueCallback(owed)
			}
		})
	}
	d.notifyTaskWaiters(t)
}

// notifyTaskWaiters notifies the waiters of a terminal task.
func (d *Dispatcher) notifyTaskWaiters(t task.Task) {
	first := d.waiters[t.ID]
	if first == nil {
		return
	}
	delete(d.waiters, t.ID)
	for w := first; w != nil; w = w.next {
		w.got, w.waits = t, false
	}
	d.effects = append(d.effects, effect{waiter: first, untilStored: true})
}

// notifyChain notifies a waiter and the waiters behind it. Each already holds
// the record.
func (w *waiter) notifyChain(err error) {
	for w != nil {
		next := w.next // after notify the waiter may belong to another call
		w.notify(w.got, err)
		w = next
	}
}
