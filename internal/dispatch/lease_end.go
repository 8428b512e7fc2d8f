package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/queue"
)

// leaseOutcome decides about a task whose worker is gone. reached is the number
// of tasks that the worker may have run.
//
// A task that never reached the worker is not charged. When the worker was ended
// for one task, only that task is charged. No task is charged when the worker
// was ended on request or by the loss of the keeper. A worker that ended by
// itself was ended by the only task that it ran, or by one of several suspects.
func (p *workerConn) leaseOutcome(r *attempt, cause lifecycle.DetachCause, reason string, reached int) queue.AttemptOutcome {
	o := queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: reason}
	switch {
	case !r.reached.Load():
		o.Outcome = task.OutcomeReleased
	case p.crashSuspect != uuid.Nil:
		if p.crashSuspect != r.lease.Task {
			o.Outcome = task.OutcomeReleased
		}
	case cause == lifecycle.DetachRequested:
		o.Outcome = task.OutcomeReleased
	case cause == lifecycle.DetachInterrupted:
		o.Outcome = task.OutcomeInterrupted
	case reached > 1:
		o.Outcome, o.Suspects = task.OutcomeSuspected, reached
	default:
		o.Suspects = reached
	}
	return o
}

// countReached returns how many tasks the worker may have run when it ended. It
// counts attempts that have ended for the queue and were still stopping.
func (p *workerConn) countReached() (n int) {
	for _, r := range p.running {
		if r.reached.Load() {
			n++
		}
	}
	return n
}

// noteOnlyAttempt updates onlyAttempt after a change of running by one.
func (p *workerConn) noteOnlyAttempt() {
	if len(p.running) > 2 || p.crashSuspect != uuid.Nil {
		return
	}
	var only *attempt
	if len(p.running) == 1 {
		for _, only = range p.running {
		}
	}
	p.onlyAttempt.Store(only)
}

// CausingTask returns the id of the task that is charged if the worker has just
// ended by itself: the only task that it runs, or the task for which it is being
// ended. "" = there is none, or there are several. Any goroutine may call it
// before DetachWorker.
func (d *Dispatcher) CausingTask(guid string, incarnation int) string {
	p, ok := d.attached.Load(workerID{guid, incarnation})
	if !ok {
		return ""
	}
	if r := p.(*workerConn).onlyAttempt.Load(); r != nil && r.reached.Load() {
		return r.lease.Task.String()
	}
	return ""
}

// endAttempt ends an attempt in the queue, unless it has ended there already,
// as a stopping attempt has. A cancelled task is not tried again, however the
// attempt ended.
func (d *Dispatcher) endAttempt(r *attempt, o queue.AttemptOutcome, now time.Time) {
	r.ended.Store(true)
	if r.stopping {
		return
	}
	if !r.reached.Load() {
		o.Undelivered = true
	}
	if r.cancelled && o.Outcome != task.OutcomeCompleted {
		o = queue.AttemptOutcome{Outcome: task.OutcomeCancelled, Error: r.cancelReason, Result: o.Result}
	}
	if failed := o.Outcome == task.OutcomeFailed || o.Outcome == task.OutcomeRetry || o.Outcome == task.OutcomeSnoozed; failed && r.isOverdue(now) {
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
			p.isolated.removeTask(t.ID)
		}
	}
	d.publishTask(&t, now)
	d.notifyWaiters(t)
}
