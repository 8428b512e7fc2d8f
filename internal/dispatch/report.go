package dispatch

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/webhook"
)

// ErrBadTask says that a result does not name a task.
var ErrBadTask = errors.New("the result names no task")

// RecordResult records the outcome that a worker reports by webhook. It returns
// once the outcome is stored. A result that is repeated, or that belongs to a
// superseded attempt, changes nothing and is no error. Errors: ErrBadTask,
// ErrClosed, task.ErrUnknown for a token without a session, or the error of the
// queue.
func (d *Dispatcher) RecordResult(ctx context.Context, token string, failed bool, body webhook.ResultBody) error {
	found, ok := d.sessions.Load(token)
	if !ok {
		return task.ErrNotFound
	}
	id, err := uuid.Parse(body.Task.ID)
	if err != nil {
		return ErrBadTask
	}
	from := found.(*workerSession).workerID
	result := reportedResult(failed, body)
	_, err = askLoop(ctx, d, func(m *loopRequest[struct{}], now time.Time) {
		d.recordReport(from, id, body.Task.Attempt, &result, now)
		m.replyWhenStored(d, struct{}{}, nil)
	})
	return err
}

// reportedResult converts a report. A failure with code 101 is a refusal after
// the fact: the handler did not end the task, because its worker stops.
func reportedResult(failed bool, body webhook.ResultBody) transportResult {
	if failed && body.Code == webhook.ShuttingDown.Number {
		why := refusal{code: body.Code, message: cmp.Or(failureMessage(body.Result), webhook.ShuttingDown.Message)}
		return transportResult{status: attemptRefused, refusal: why}
	}
	return transportResult{status: attemptEnded, outcome: taskOutcome(failed, body.Retry, body.Result)}
}

func (d *Dispatcher) recordReport(from workerID, id uuid.UUID, attempt int, result *transportResult, now time.Time) {
	p := d.workers[from]
	if p == nil {
		return
	}
	r := p.running[id]
	if r == nil || !r.matches(attempt) {
		d.log.Debug("a superseded result changes nothing", "task", id, "attempt", attempt, "worker", from)
		return
	}
	d.applyResult(p, r, result, now)
}
