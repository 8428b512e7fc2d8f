package dispatch

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/proactor"
)

// ErrBadTask says that a result does not name a task.
var ErrBadTask = errors.New("the result names no task")

// RecordResult records the outcome that a worker reports by webhook. It returns
// once the outcome is stored. A result that is repeated, or that belongs to a
// superseded attempt, changes nothing and is no error. Errors: ErrBadTask,
// ErrClosed, task.ErrUnknown for a token without a session, or the error of the
// queue.
func (d *Dispatcher) RecordResult(ctx context.Context, token string, failed bool, body proactor.ResultBody) error {
	found, ok := d.sessions.Load(token)
	if !ok {
		return task.ErrNotFound
	}
	id, err := uuid.Parse(body.Task.ID)
	if err != nil {
		return ErrBadTask
	}
	from := found.(*workerSession).workerID
	_, err = askLoop(ctx, d, func(m *loopRequest[struct{}], now time.Time) {
		d.recordOutcome(from, id, body.Task.Attempt, taskOutcome(failed, body.Retry, body.Result), now)
		m.replyWhenStored(d, struct{}{}, nil)
	})
	return err
}

func (d *Dispatcher) recordOutcome(from workerID, id uuid.UUID, attempt int, o queue.AttemptOutcome, now time.Time) {
	p := d.workers[from]
	if p == nil {
		return
	}
	r := p.running[id]
	if r == nil || !r.matches(attempt) {
		d.log.Debug("a superseded result changes nothing", "task", id, "attempt", attempt, "worker", from)
		return
	}
	d.finishAttempt(p, r, o, now)
}
