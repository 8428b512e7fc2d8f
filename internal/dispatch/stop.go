package dispatch

import (
	"fmt"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// requestStop tells the worker with its next heartbeat. The task must have gone a
// grace after that.
func (d *Dispatcher) requestStop(p *workerConn, r *attempt, now time.Time) {
	if r.stopRequested.IsZero() {
		r.stopRequested = now
		p.sendCancels()
	}
	at := d.stopDeadline(p, r)
	if !r.stopping && !r.deadline.IsZero() && r.deadline.Before(at) {
		at = r.deadline
	}
	d.timers.Set(&r.timer, at)
}

func (d *Dispatcher) stopDeadline(p *workerConn, r *attempt) time.Time {
	return r.stopRequested.Add(p.Span + d.opts.StopGrace)
}

// handleTimer is what happens when a timer rings.
func (d *Dispatcher) handleTimer(t timerTarget, now time.Time) {
	p, r := t.conn, t.attempt
	switch {
	case r == nil:
		p.backingOff = false
		d.updateBalancer(p)
	case !r.stopRequested.IsZero() && !now.Before(d.stopDeadline(p, r)):
		d.reportStuck(p, r)
	default:
		d.endTimedOut(p, r, now)
	}
}

// reportStuck has a worker ended for one of its tasks.
func (d *Dispatcher) reportStuck(p *workerConn, r *attempt) {
	p.crashSuspect, p.leaving = r.lease.Task, true
	d.withdrawWorker(p)
	d.opts.Observer.WorkerStuck(p.guid, p.incarnation, fmt.Sprintf("task %s does not stop", r.lease.Task))
}

// timeoutKind tells which of the two clocks of an attempt ended it.
func (d *Dispatcher) timeoutKind(r *attempt, now time.Time) task.Outcome {
	if t, ok := d.opts.Queue.FindTask(r.lease.Task); ok && !t.Deadline.IsZero() && !t.Deadline.After(now) {
		return task.OutcomeDeadline
	}
	return task.OutcomeTimedOut
}

// endTimedOut ends an attempt by the clock.
func (d *Dispatcher) endTimedOut(p *workerConn, r *attempt, now time.Time) {
	d.abandonAttempt(p, r, queue.AttemptOutcome{Outcome: d.timeoutKind(r, now), Error: fmt.Sprintf("after %v", now.Sub(r.began).Round(time.Millisecond))}, now)
}

// abandonAttempt ends an attempt that still runs. The worker keeps the slot until it
// has stopped the task.
func (d *Dispatcher) abandonAttempt(p *workerConn, r *attempt, o queue.AttemptOutcome, now time.Time) {
	d.endAttempt(r, o, now)
	r.stopping = true
	p.stopping++
	d.requestStop(p, r, now)
}

// timerTarget is what a timer belongs to: an attempt that takes too long, or,
// where run is nil, a worker that gets no tasks for a moment.
type timerTarget struct {
	conn    *workerConn
	attempt *attempt
}
