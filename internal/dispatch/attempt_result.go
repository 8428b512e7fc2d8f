package dispatch

import (
	"encoding/json"
	"time"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/queue"
)

// attemptResultMessage brings the loop the report of a transport.
type attemptResultMessage struct {
	conn    *workerConn
	attempt *attempt
	result  transportResult
}

func (m attemptResultMessage) applyMessage(d *Dispatcher, now time.Time) {
	d.applyResult(m.conn, m.attempt, &m.result, now)
}

// applyResult acts on the report of a transport, unless the attempt has already
// ended.
func (d *Dispatcher) applyResult(p *workerConn, r *attempt, got *transportResult, now time.Time) {
	if d.workers[p.workerID] != p || p.running[r.lease.Task] != r {
		return
	}
	r.lastListed = now
	switch got.status {
	case leaseNotStored:
		d.finishAttempt(p, r, queue.AttemptOutcome{Outcome: task.OutcomeReleased, RetryAfter: notStoredDelay, Error: got.err.Error()}, now)
	case attemptLost:
		d.finishAttempt(p, r, queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: got.err.Error()}, now)
	case attemptEnded:
		p.rejections = 0
		d.finishAttempt(p, r, got.outcome, now)
	case attemptAccepted:
		p.rejections = 0
	case attemptRefused:
		d.handleRefusal(p, r, got.refusal, now)
	}
}

// finishAttempt ends an attempt and releases its slot.
func (d *Dispatcher) finishAttempt(p *workerConn, r *attempt, o queue.AttemptOutcome, now time.Time) {
	d.endAttempt(r, o, now)
	if o.Outcome != task.OutcomeReleased && o.Outcome != task.OutcomeRefused {
		p.endedTasks++
		if p.endedTasks == p.Recycle || p.ReportEachTask {
			p.reportedTasks = p.endedTasks
			d.opts.Observer.WorkerMeasured(p.guid, p.incarnation, p.endedTasks, 0)
		}
	}
	d.releaseSlot(p, r)
}

// taskOutcome converts what a worker reports about the end of a task. Every
// transport calls it. A result that is nested too deep could not be read again, so
// the task fails: another attempt would end in the same way.
func taskOutcome(failed, retry bool, result json.RawMessage) queue.AttemptOutcome {
	deep := bounds.CheckNesting(result)
	switch {
	case deep != nil && failed:
		return finalFailure("its failure was refused: " + deep.Error())
	case deep != nil:
		return finalFailure("its result was refused: " + deep.Error())
	case !failed:
		return queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: result}
	case retry:
		o := queue.AttemptOutcome{Outcome: task.OutcomeRetry, Result: result, Error: failureMessage(result), RetryAfter: retryAfter(result, queue.MaxRetryDelay)}
		if o.RetryAfter > 0 && isSnooze(result) {
			o.Outcome = task.OutcomeSnoozed
		}
		return o
	}
	return queue.AttemptOutcome{Outcome: task.OutcomeFailed, Result: result, Error: failureMessage(result)}
}

// finalFailure returns a final failure that the dispatcher found, in the form
// in which a worker reports failures.
func finalFailure(why string) queue.AttemptOutcome {
	result, _ := json.Marshal(map[string]string{"message": why}) // a map of strings always marshals
	return queue.AttemptOutcome{Outcome: task.OutcomeFailed, Result: result, Error: why}
}

// isSnooze reports whether the result of a failure says that the handler has put
// off the task. The attempt is then not charged.
func isSnooze(result json.RawMessage) bool {
	var said struct {
		Snooze bool `json:"snooze"`
	}
	return json.Unmarshal(result, &said) == nil && said.Snooze
}

// failureMessage returns the message in the result of a failure; "" = there is
// none.
func failureMessage(result json.RawMessage) string {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(result, &said) == nil {
		return said.Message
	}
	return ""
}
