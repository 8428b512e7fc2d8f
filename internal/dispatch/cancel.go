package dispatch

import (
	"context"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// Cancel ends a task and the tasks that it submitted. A queued task ends at
// once; the worker of a running task is asked to stop it. The record shows
// which. Errors: task.ErrUnknown, task.ErrState.
func (d *Dispatcher) Cancel(ctx context.Context, id uuid.UUID, why string) (task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[task.Task], now time.Time) {
		t, err := d.cancelTree(id, why, now)
		m.replyWhenStored(d, t, err)
	})
}

// isCancelled reports whether a running task was asked to stop.
func (d *Dispatcher) isCancelled(t task.Task) bool {
	l, ok := queue.LeaseOf(&t)
	if p := d.workers[workerID{l.GUID, l.Incarnation}]; ok && p != nil {
		r := p.running[t.ID]
		return r != nil && r.cancelled
	}
	return false
}

// cancelTree cancels a task and then its live children, which cancel theirs.
// The recursion ends, because a parent is always older than its children.
func (d *Dispatcher) cancelTree(id uuid.UUID, why string, now time.Time) (task.Task, error) {
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
	for _, child := range d.opts.Queue.LiveChildren(id) {
		if _, err := d.cancelTree(child, "its parent "+id.String()+" was cancelled", now); err != nil {
			d.log.Warn("a child was not cancelled", "task", child, "parent", id, "error", err)
		}
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
