package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// leaseOutcome decides what a task whose worker is gone has to pay. Only the culprit
// pays, where there is one; nobody, where the worker was asked to go; and never
// a task that has not come as far as the worker.
func (p *workerConn) leaseOutcome(r *attempt, reason string) queue.AttemptOutcome {
	o := queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: reason}
	neighbour := p.crashSuspect != uuid.Nil && p.crashSuspect != r.lease.Task
	asked := p.crashSuspect == uuid.Nil && p.draining
	if neighbour || asked || !r.reached.Load() {
		o.Outcome = task.OutcomeReleased
	}
	return o
}

// endAttempt ends an attempt for the queue, unless that has been done: an
// attempt that is stopping is over already. What somebody cancelled is not
// tried again, however it ended.
func (d *Dispatcher) endAttempt(r *attempt, o queue.AttemptOutcome, now time.Time) {
	r.ended.Store(true)
	if r.stopping {
		return
	}
	if r.cancelled && o.Outcome != task.OutcomeCompleted {
		o = queue.AttemptOutcome{Outcome: task.OutcomeCancelled, Error: r.cancelReason, Result: o.Result}
	}
	if failed := o.Outcome == task.OutcomeFailed || o.Outcome == task.OutcomeRetry; failed && r.isOverdue(now) {
		// The worker's clock was the quicker one: its handler gave up
		// because the time was over, which is not a failure of its own.
		o.Outcome = d.timeoutKind(r, now)
	}
	d.endLease(r.lease, o, now)
}

// endLease closes an attempt in the queue and tells those who wait.
func (d *Dispatcher) endLease(l queue.Lease, o queue.AttemptOutcome, now time.Time) {
	t, err := d.opts.Queue.EndAttempt(now, l, o, randomJitter())
	if err != nil {
		d.log.Debug("an attempt had ended already", "task", l.Task, "attempt", l.Attempt, "error", err)
		return
	}
	if t.State == task.Queued {
		d.log.Info("task goes back to the queue", "task", t.ID, "pool", t.Pool, "reason", t.Reason)
	}
	if p := d.pools[t.Pool]; p != nil {
		d.changed[p] = true
		if o.Outcome != task.OutcomeReleased {
			delete(p.refused, t.ID)
			delete(p.isolated, t.ID)
		}
	}
	d.publishTask(&t, now)
	d.notifyWaiters(t)
}
