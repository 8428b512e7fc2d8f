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

// ErrBadTask says that a result names no task at all.
var ErrBadTask = errors.New("the result names no task")

// RecordResult takes what a worker reports of a task. It returns when that is kept.
// A result that comes late, twice, or for an attempt that is no longer the
// current one changes nothing and is no error. Errors: ErrBadTask, ErrClosed,
// task.ErrUnknown for a token without a session, or that it could not be kept.
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
