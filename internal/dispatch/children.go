package dispatch

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
)

// checkParent says whether a task may be submitted as the child of another one:
// that must be alive, because the cancel of one that has gone reaches nobody.
func (d *Dispatcher) checkParent(parent uuid.UUID) error {
	if parent == uuid.Nil {
		return nil
	}
	t, ok := d.opts.Queue.Get(parent)
	switch {
	case !ok:
		return fmt.Errorf("%w: its parent %s does not exist", task.ErrInvalid, parent)
	case t.State.Terminal():
		return fmt.Errorf("submit: its parent %s is %s: %w", parent, t.State, task.ErrState)
	case d.isCancelled(t):
		return fmt.Errorf("submit: its parent %s is being cancelled: %w", parent, task.ErrState)
	}
	return nil
}

// isCancelled says whether a running task has been asked to stop.
func (d *Dispatcher) isCancelled(t task.Task) bool {
	l, ok := t.Lease()
	if p := d.workers[workerID{l.GUID, l.Incarnation}]; ok && p != nil {
		r := p.running[t.ID]
		return r != nil && r.cancelled
	}
	return false
}

// cancelTree cancels a task and then its live children, who cancel theirs. It
// ends: a parent is older than its children.
func (d *Dispatcher) cancelTree(id uuid.UUID, why string, now time.Time) (task.Task, error) {
	t, err := d.opts.Queue.Cancel(now, id, why)
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
	for _, child := range d.opts.Queue.Children(id) {
		if _, err := d.cancelTree(child, "its parent "+id.String()+" was cancelled", now); err != nil {
			d.log.Warn("a child is not cancelled", "task", child, "parent", id, "error", err)
		}
	}
	return t, nil
}
