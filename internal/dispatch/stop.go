package dispatch

import (
	"fmt"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// requestStop asks the worker to stop a task, over its stream at once or with
// the answer to its next heartbeat. After that heartbeat the task has StopGrace
// to end.
func (d *Dispatcher) requestStop(p *workerConn, r *attempt, now time.Time) {
	if r.stopRequested.IsZero() {
		r.stopRequested = now
		d.updateCancels(p)
	}
	d.setAttemptTimer(p, r)
}

// setAttemptTimer sets the timer of an attempt to the end of its time, or to
// the end of the time in which it must have stopped.
func (d *Dispatcher) setAttemptTimer(p *workerConn, r *attempt) {
	at := r.dueTime()
	if r.stopping {
		at = time.Time{}
	}
	if !r.stopRequested.IsZero() {
		at = earlierTime(at, d.stopDeadline(p, r))
	}
	d.timers.Set(&r.timer, at)
}

func (d *Dispatcher) stopDeadline(p *workerConn, r *attempt) time.Time {
	return r.stopRequested.Add(d.stopTime(p))
}

// stopTime is how long a task may take to stop.
func (d *Dispatcher) stopTime(p *workerConn) time.Duration { return p.Span + d.opts.StopGrace }

// handleTimer handles a timer that is due.
func (d *Dispatcher) handleTimer(t timerTarget, now time.Time) {
	p, r := t.conn, t.attempt
	switch {
	case t.clears && r.unsent: // beginLeased sets the timer
	case t.clears:
		d.clearSuspect(p, r, now)
	case r == nil:
		p.backingOff = false
		d.updateBalancer(p)
	case !r.stopRequested.IsZero() && !now.Before(d.stopDeadline(p, r)):
		d.reportStuck(p, r)
	default:
		d.endTimedOut(p, r, now)
	}
}

// reportStuck asks the observer to end a worker because one of its tasks does
// not stop.
func (d *Dispatcher) reportStuck(p *workerConn, r *attempt) {
	p.crashSuspect, p.leaving = r.lease.Task, true
	p.onlyAttempt.Store(r)
	d.withdrawWorker(p)
	d.opts.Observer.WorkerStuck(p.guid, p.incarnation, fmt.Sprintf("task %s does not stop", r.lease.Task))
}

// timeoutKind returns whether the attempt's timeout or the task's deadline has
// passed.
func (d *Dispatcher) timeoutKind(r *attempt, now time.Time) task.Outcome {
	if t, ok := d.opts.Queue.FindTask(r.lease.Task); ok && !t.Deadline.IsZero() && !t.Deadline.After(now) {
		return task.OutcomeDeadline
	}
	return task.OutcomeTimedOut
}

// endTimedOut ends an attempt whose time is over.
func (d *Dispatcher) endTimedOut(p *workerConn, r *attempt, now time.Time) {
	d.abandonAttempt(p, r, queue.AttemptOutcome{Outcome: d.timeoutKind(r, now), Error: r.describeRunTime(now)}, now)
}

// abandonAttempt ends an attempt that still runs. It keeps the slot until the
// worker has stopped the task.
func (d *Dispatcher) abandonAttempt(p *workerConn, r *attempt, o queue.AttemptOutcome, now time.Time) {
	d.endAttempt(r, o, now)
	r.stopping = true
	p.stopping++
	d.requestStop(p, r, now)
}

// timerTarget is the owner of a timer: an attempt with a deadline or, where
// attempt is nil, a worker that gets no task for a while. With clears, the
// timer clears the suspect of the attempt.
type timerTarget struct {
	conn    *workerConn
	attempt *attempt
	clears  bool
}
