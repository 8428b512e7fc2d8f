package dispatch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
)

// reviveStep is how many tasks one round of the loop revives: others are to be
// heard in between.
const reviveStep = 500

// RetryAll queues every failed, cancelled or dead task again that the filter
// finds now, whatever its Limit, and returns how many. A task that changes in
// the meantime is left out. Errors: task.ErrInvalid for any other state; or
// that it was not kept, and then n are.
func (d *Dispatcher) RetryAll(ctx context.Context, f task.Filter) (n int, err error) {
	if f.State != task.Dead && f.State != task.Failed && f.State != task.Cancelled {
		return 0, fmt.Errorf("%w: only dead, failed and cancelled tasks can be retried, not %q", task.ErrInvalid, f.State)
	}
	f.Limit = maxInt
	ids, err := ask(ctx, d, func(m *ask1[[]uuid.UUID], _ time.Time) { m.tell(d.o.Queue.IDs(f), nil) })
	slices.Reverse(ids) // the oldest first: they are queued in the order of their submit
	for some := range slices.Chunk(ids, reviveStep) {
		var revived int
		revived, err = ask(ctx, d, func(m *ask1[int], now time.Time) { m.answerKept(d, d.revive(some, now), nil) })
		if n += revived; err != nil {
			break
		}
	}
	return n, err
}

// revive retries some tasks and returns how many could be.
func (d *Dispatcher) revive(ids []uuid.UUID, now time.Time) (n int) {
	for _, id := range ids {
		t, err := d.o.Queue.Retry(now, id)
		if err != nil {
			if !errors.Is(err, task.ErrUnknown) && !errors.Is(err, task.ErrState) {
				d.log.Warn("a task is not revived", "task", id, "error", err)
			}
			continue
		}
		n++
		if p := d.pools[t.Pool]; p != nil {
			d.changed[p] = true
			d.announce(&t, now)
		}
	}
	return n
}
