package dispatch

import (
	"fmt"
	"time"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/queue"
	"initiator/internal/webhook"
)

// A handler that hangs looks like a handler that works: its process answers,
// and every heartbeat lists the task. With progress_timeout set, a task must
// also report progress from time to time. A legacy worker cannot report
// progress; only timeout applies to it.

// recordProgress notes progress: each report of the handler has a new number.
func (r *attempt) recordProgress(said webhook.RunningTask, at time.Time) {
	if said.Seq != r.progressSeq {
		r.progressSeq, r.lastProgress = said.Seq, at
	}
}

// isStalled reports whether a task has made no progress for too long.
func (r *attempt) isStalled(now time.Time) bool {
	return r.progressTimeout > 0 && !r.stopping && r.stopRequested.IsZero() && now.Sub(r.lastProgress) >= r.progressTimeout
}

// canShowProgress reports whether the value of a progress report can be shown. A
// value that is nested too deep is left out, with one warning for each attempt; it
// counts as progress all the same.
func (d *Dispatcher) canShowProgress(r *attempt, value []byte) bool {
	deep := bounds.CheckNesting(value)
	if deep != nil && !r.progressRefused {
		r.progressRefused = true
		d.log.Warn("the progress of a task is not shown; the task goes on", "task", r.lease.Task, "attempt", r.number, "error", deep)
	}
	return deep == nil
}

// checkProgress gives up an attempt that is stuck. The task is charged. Its
// neighbours are not, if the worker must be ended for it.
func (d *Dispatcher) checkProgress(p *workerConn, r *attempt, now time.Time) {
	if r.isStalled(now) {
		d.abandonAttempt(p, r, queue.AttemptOutcome{Outcome: task.OutcomeStuck, Error: fmt.Sprintf("no progress for %v", r.progressTimeout)}, now)
	}
}
