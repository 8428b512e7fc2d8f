package dispatch

import (
	"fmt"
	"time"

	"initiator/initiator/task"
	"initiator/internal/frozentime"
	"initiator/internal/queue"
)

// The loop judges workers and attempts by time. Time in which the initiator
// itself did not run does not count: the workers may have been stopped as well,
// and what they sent could not be received.

// moveTimeouts moves every time-out after a gap in the loop's own rounds. After
// a long gap a worker may have lost its master, so its session is checked.
func (d *Dispatcher) moveTimeouts(g frozentime.Gap, now time.Time) {
	if !g.Found() {
		return
	}
	d.log.Warn("the time-outs of tasks are moved: "+g.String(), "workers", len(d.workers))
	for _, p := range d.workers {
		p.moveHeartbeat(g, now)
		for _, r := range p.running {
			r.moveTimes(p, g, now, d.stopTime(p))
			d.setAttemptTimer(p, r)
			if r.suspect && !r.clearAt.IsZero() {
				r.clearAt = g.MoveDeadline(r.clearAt, now, p.Span)
				d.timers.Set(&r.clearTimer, r.clearAt)
			}
		}
		if g.Stopped >= p.Tolerance-2*p.Span { // the last heartbeat that the worker saw accepted may be older by two spans
			d.checkSession(p)
		}
	}
}

// moveHeartbeat moves the time of the newest heartbeat, unless a newer one
// arrives at this moment.
func (p *workerConn) moveHeartbeat(g frozentime.Gap, now time.Time) {
	b := p.session.lastHeartbeat.Load()
	if b == nil {
		return // it was never connected
	}
	moved := *b
	moved.at = g.MoveStart(b.at, now, p.Tolerance, p.Span)
	if p.session.lastHeartbeat.CompareAndSwap(b, &moved) && p.lastApplied == b {
		p.lastApplied = &moved
	}
}

// moveTimes moves what limits an attempt, except the deadline of its task,
// which is a time of day. stopTime is how long the task may take to stop.
func (r *attempt) moveTimes(p *workerConn, g frozentime.Gap, now time.Time, stopTime time.Duration) {
	r.gap.Stopped += g.Stopped
	r.gap.Suspended += g.Suspended
	r.unconfirmed = now
	r.lastListed = g.MoveStart(r.lastListed, now, p.Tolerance, p.Span)
	r.lastProgress = g.MoveStart(r.lastProgress, now, r.progressTimeout, p.Span)
	r.stopRequested = g.MoveStart(r.stopRequested, now, stopTime, p.Span)
	r.timeout = g.MoveDeadline(r.timeout, now, p.Span)
	r.deadline = earlierTime(r.taskDeadline, r.timeout)
}

// isInterrupted reports whether a failure that the worker reports now says
// nothing about the handler. That is so while it is not known whether the
// worker lost its master, and gave the task up, when the initiator did not run;
// and when the worker counted that time towards the time-out.
func (r *attempt) isInterrupted(now time.Time) bool {
	return r.gap.Found() && (!r.unconfirmed.IsZero() || !r.toldDeadline.IsZero() && !now.Before(r.toldDeadline))
}

// interruptedOutcome returns the outcome of an attempt that ends because the
// initiator did not run.
func (r *attempt) interruptedOutcome(what string) queue.AttemptOutcome {
	return queue.AttemptOutcome{Outcome: task.OutcomeInterrupted, Error: r.gap.String() + "; " + what}
}

// lostOutcome returns the outcome of an attempt that the worker no longer runs.
func (r *attempt) lostOutcome(what string) queue.AttemptOutcome {
	if r.gap.Found() {
		return r.interruptedOutcome(what)
	}
	return queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: what}
}

// confirmAttempt notes that the worker still runs an attempt, as it said at
// that time. What it sent in the first heartbeat_span may be older than the
// event that made the attempt doubtful.
func (r *attempt) confirmAttempt(span time.Duration, at time.Time) {
	if at.Sub(r.unconfirmed) > span {
		r.unconfirmed = time.Time{}
	}
}

// describeRunTime returns how long an attempt has run, for people.
func (r *attempt) describeRunTime(now time.Time) string {
	ran := fmt.Sprintf("after %v", now.Sub(r.began).Round(time.Millisecond))
	if r.gap.Stopped > 0 {
		ran += ", in which " + r.gap.String()
	}
	return ran
}

// earlierTime returns the earlier of two times; zero means never.
func earlierTime(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
