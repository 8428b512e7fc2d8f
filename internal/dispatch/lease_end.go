package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// leaseOutcome decides whether a task whose worker is gone is charged for the
// attempt. When there is a crash suspect, only that task is charged. No task is
// charged when the worker was asked to end, or when the task never reached the
// worker.
func (p *workerConn) leaseOutcome(r *attempt, reason string) queue.AttemptOutcome {
	o := queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: reason}
	neighbour := p.crashSuspect != uuid.Nil && p.crashSuspect != r.lease.Task
	asked := p.crashSuspect == uuid.Nil && p.draining
	if neighbour || asked || !r.reached.Load() {
		o.Outcome = task.OutcomeReleased
	}
	return o
}

// endAttempt ends an attempt in the queue, unless it has ended there already,
// as a stopping attempt has. A cancelled task is not tried again, however the
// attempt ended.
func (d *Dispatcher) endAttempt(r *attempt, o queue.AttemptOutcome, now time.Time) {
	r.ended.Store(true)
	if r.stopping {
		return
	}
	if r.cancelled && o.Outcome != task.OutcomeCompleted {
		o = queue.AttemptOutcome{Outcome: task.OutcomeCancelled, Error: r.cancelReason, Result: o.Result}
	}
	if failed := o.Outcome == task.OutcomeFailed || o.Outcome == task.OutcomeRetry; failed && r.isOverdue(now) {
		// The worker's clock was faster: its handler gave up because the time
		// was over, which is not a failure of the handler.
		o.Outcome, o.Error = d.timeoutKind(r, now), r.describeRunTime(now)+"; the handler then failed: "+o.Error
	} else if failed && r.isInterrupted(now) {
		o = r.interruptedOutcome("the worker then reported: " + o.Error)
	}
	d.endLease(r.lease, o, now)
}

// endLease ends an attempt in the queue and notifies the waiters.
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
