package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/task"
)

// runTask runs the task of a line, or cancels it when ctx ends.
func (m *manyRunner) runTask(ctx context.Context, r *lineResult) {
	if m.patience.Given {
		limited, stop := context.WithTimeoutCause(ctx, m.patience.Value, errWaitOver)
		defer stop()
		ctx = limited
	}
	q := m.template
	q.ID, q.Data = r.task.ID, r.data
	end, err := cli.ShowFailure(m.callWithRetry(ctx, q))
	switch {
	case err != nil:
		if r.unsent = isUnsent(err); !r.unsent && !errors.As(err, new(*client.Error)) {
			end := m.cancelTask(q.ID)
			if r.left = end == mayStillRun; errors.Is(err, errWaitOver) {
				err = fmt.Errorf("%w; it %s", err, end)
			}
		}
	case end.State == task.Completed && m.Format.JSON:
		r.task, err = m.client.Task(ctx, end.ID)
	default:
		r.task = end
	}
	r.err = err
}

// isUnsent reports whether a task was not submitted because the initiator has not
// come back.
func isUnsent(err error) bool {
	return errors.As(err, new(*client.OutageError)) && !errors.As(err, new(*client.LostConnectionError))
}

// fullPause is the pause before a submission to a full queue is repeated. Most
// tasks in the queue may be of this run.
const fullPause = 100 * time.Millisecond

// callWithRetry runs a task and waits for room in a full queue. With many tasks
// a full queue is not an error.
func (m *manyRunner) callWithRetry(ctx context.Context, q task.Request) (task.Task, error) {
	for {
		end, err := m.client.Call(ctx, q)
		if !errors.Is(err, task.ErrQueueFull) {
			return end, err
		}
		pause := time.NewTimer(fullPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return end, context.Cause(ctx)
		}
	}
}
