package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Get returns the record of a task. Error: task.ErrUnknown.
func (d *Dispatcher) Get(ctx context.Context, id uuid.UUID) (task.Task, error) {
	return askLoop(ctx, d, func(m *loopRequest[task.Task], _ time.Time) {
		t, ok := d.opts.Queue.FindTask(id)
		if !ok {
			m.replyAfterRound(d, t, fmt.Errorf("task %s: %w", id, task.ErrNotFound))
			return
		}
		m.replyAfterRound(d, t, nil)
	})
}

// CountTasks returns the number of tasks in each state, by pool. It does not wait
// for the disk, so that `status` can be asked while the disk hangs: the counts
// may include tasks that are not stored yet.
func (d *Dispatcher) CountTasks(ctx context.Context) (map[string]task.Counts, error) {
	return askLoop(ctx, d, func(m *loopRequest[map[string]task.Counts], _ time.Time) {
		m.reply(d.opts.Queue.CountTasks(), nil)
	})
}

// slowCommit is the time after which a commit counts as stuck.
const slowCommit = 2 * time.Second

// StorageFault returns the reason why tasks cannot be stored now; "" = they
// can. It does not wait for the disk.
func (d *Dispatcher) StorageFault(ctx context.Context) (string, error) {
	return askLoop(ctx, d, func(m *loopRequest[string], now time.Time) {
		why := ""
		if err := d.opts.Queue.StorageError(); err != nil {
			why = err.Error()
		} else if waited := now.Sub(d.committedAt); d.openCommits > 0 && waited > slowCommit {
			why = fmt.Sprintf("%v: the disk of the state directory has not answered for %s; submits and results wait for it", task.ErrStorage, waited.Round(time.Second))
		}
		m.reply(why, nil)
	})
}
