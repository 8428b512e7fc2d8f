package dispatch

import (
	"fmt"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/proactor"
)

// A handler that hangs looks like one that works: its process answers, and
// every heartbeat lists the task. Where progress_timeout is set, a task also
// has to say from time to time that it moves on. A ding slave has no words for
// that, and is judged by the timeout alone.

// recordProgress notes progress: every call of it in the worker has a new number.
func (r *attempt) recordProgress(said proactor.RunningTask, at time.Time) {
	if said.Seq != r.progressSeq {
		r.progressSeq, r.lastProgress = said.Seq, at
	}
}

// isStalled says whether a task has made no progress for longer than it may.
func (r *attempt) isStalled(now time.Time) bool {
	return r.progressTimeout > 0 && !r.stopping && r.stopRequested.IsZero() && now.Sub(r.lastProgress) >= r.progressTimeout
}

// checkProgress gives up an attempt that is stuck. It pays; its neighbours do
// not, should the worker have to be ended for it.
func (d *Dispatcher) checkProgress(p *workerConn, r *attempt, now time.Time) {
	if r.isStalled(now) {
		d.abandonAttempt(p, r, queue.AttemptOutcome{Outcome: task.OutcomeStuck, Error: fmt.Sprintf("no progress for %v", r.progressTimeout)}, now)
	}
}
