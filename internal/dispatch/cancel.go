package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// Cancel ends a task and its descendants: the tasks that it submitted, their
// children, and so on. It returns the record of the task when all of them are
// cancelled. A queued task ends at once; the worker of a running task is asked
// to stop it. The record shows which. Errors: task.ErrUnknown, task.ErrState.
func (d *Dispatcher) Cancel(ctx context.Context, id uuid.UUID, why string) (task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[task.Task], now time.Time) { d.cancelTree(m, id, why, now) })
}

// cancelTree cancels a task and its descendants, and answers the request when
// all of them are cancelled.
func (d *Dispatcher) cancelTree(m *loopRequest[task.Task], id uuid.UUID, why string, now time.Time) {
	t, err := d.cancelTask(id, why, now)
	if err != nil {
		m.replyWhenStored(d, t, err)
		return
	}
	c := &treeCancel{request: m, root: t}
	c.addChildren(d, id)
	c.applyMessage(d, now)
}

// cancelStep is the number of tasks that one round of the loop cancels, so that
// other messages are handled in between.
const cancelStep = 500

// treeCancel is the cancel of the descendants of a task. It takes as many rounds
// as the descendants need: a task may have any number of children, and a chain
// of children any length. No descendant escapes in the meantime, because a
// cancelled task gets no children, and the children of a task are looked up
// when the task has been cancelled.
type treeCancel struct {
	request *loopRequest[task.Task]
	root    task.Task
	todo    []cancelTarget // not cancelled yet
}

// cancelTarget is a task to be cancelled because its parent was.
type cancelTarget struct{ id, parent uuid.UUID }

func (c *treeCancel) addChildren(d *Dispatcher, parent uuid.UUID) {
	for _, id := range d.opts.Queue.LiveChildren(parent) {
		c.todo = append(c.todo, cancelTarget{id, parent})
	}
}

// applyMessage cancels the next tasks, and answers the caller after the last.
func (c *treeCancel) applyMessage(d *Dispatcher, now time.Time) {
	for n := 0; n < cancelStep && len(c.todo) > 0; n++ {
		next := c.todo[len(c.todo)-1]
		c.todo = c.todo[:len(c.todo)-1]
		_, err := d.cancelTask(next.id, "its parent "+next.parent.String()+" was cancelled", now)
		switch {
		case err == nil:
			c.addChildren(d, next.id)
		case !errors.Is(err, task.ErrConflict): // it has ended since the lookup
			d.log.Warn("a child was not cancelled", "task", next.id, "parent", next.parent, "error", err)
		}
	}
	if len(c.todo) == 0 {
		c.request.replyWhenStored(d, c.root, nil)
	} else if !d.mailbox.Put(c) {
		c.refuseClosed()
	}
}

func (c *treeCancel) refuseClosed() { c.request.refuseClosed() }

// isCancelled reports whether a running task was asked to stop.
func (d *Dispatcher) isCancelled(t task.Task) bool {
	l, ok := queue.LeaseOf(&t)
	if p := d.workers[workerID{l.GUID, l.Incarnation}]; ok && p != nil {
		r := p.running[t.ID]
		return r != nil && r.cancelled
	}
	return false
}

// cancelTask cancels one task.
func (d *Dispatcher) cancelTask(id uuid.UUID, why string, now time.Time) (task.Task, error) {
	t, err := d.opts.Queue.CancelQueued(now, id, why)
	switch {
	case err != nil:
		return t, err
	case t.State == task.Running:
		t = d.cancelRunning(t, why, now)
		d.publishTask(&t, now)
	default:
		d.publishTask(&t, now)
		d.notifyWaiters(t)
	}
	return t, nil
}

// cancelRunning asks the worker of a running task to stop it.
func (d *Dispatcher) cancelRunning(t task.Task, why string, now time.Time) task.Task {
	l, _ := queue.LeaseOf(&t)
	p := d.workers[workerID{l.GUID, l.Incarnation}]
	if p == nil || p.running[t.ID] == nil {
		return t
	}
	r := p.running[t.ID]
	if !r.cancelled {
		r.cancelled, r.cancelReason = true, why
		d.requestStop(p, r, now)
	}
	t.Reason = "is asked to stop"
	return t
}
