package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Retry queues a failed, cancelled or dead task again. Errors: task.ErrUnknown,
// task.ErrState.
func (d *Dispatcher) Retry(ctx context.Context, id uuid.UUID) (task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[task.Task], now time.Time) {
		t, err := d.opts.Queue.RetryTask(now, id)
		if p := d.pools[t.Pool]; err == nil && p != nil {
			d.changed[p] = true
			d.publishTask(&t, now)
		}
		m.replyWhenStored(d, t, err)
	})
}

// retryStep is the number of tasks that one round of the loop retries, so that
// other messages are handled in between.
const retryStep = 500

// RetryAll queues again every failed, cancelled or dead task that matches f
// now, whatever f.Limit is, and returns their number. A task that changes in
// the meantime is left out. Errors: task.ErrInvalid for any other state,
// ErrClosed, or the error of the queue; n tasks are then stored.
func (d *Dispatcher) RetryAll(ctx context.Context, f task.Filter) (n int, err error) {
	if f.State != task.Dead && f.State != task.Failed && f.State != task.Cancelled {
		return 0, fmt.Errorf("%w: only dead, failed and cancelled tasks can be retried, not %q", task.ErrInvalid, f.State)
	}
	ids, err := d.selectAll(ctx, f)
	slices.Reverse(ids) // the oldest first, so that they queue in the order of their submit
	for some := range slices.Chunk(ids, retryStep) {
		var revived int
		revived, err = askLoop(ctx, d, func(m *loopRequest[int], now time.Time) { m.replyWhenStored(d, d.retryTasks(some, now), nil) })
		if n += revived; err != nil {
			break
		}
	}
	return n, err
}

// retryTasks retries some tasks and returns how many were queued again.
func (d *Dispatcher) retryTasks(ids []uuid.UUID, now time.Time) (n int) {
	for _, id := range ids {
		t, err := d.opts.Queue.RetryTask(now, id)
		if err != nil {
			if !errors.Is(err, task.ErrNotFound) && !errors.Is(err, task.ErrConflict) {
				d.log.Warn("a task was not retried", "task", id, "error", err)
			}
			continue
		}
		n++
		if p := d.pools[t.Pool]; p != nil {
			d.changed[p] = true
			d.publishTask(&t, now)
		}
	}
	return n
}
