package dispatch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue/store"
)

// These limit what one round of the loop reads for an export. Other messages
// are handled in between, and no goroutine holds the whole export in memory.
const (
	exportStep  = 256
	exportBytes = 1 << 20
)

// Export passes every task that exists now to f, in batches and in the order of
// submit. Each record shows the task at the time at which it is read. A task
// that the queue forgets in the meantime is left out. Errors: that of f, that
// of ctx, ErrClosed.
func (d *Dispatcher) Export(ctx context.Context, f func([]task.Task) error) error {
	all := task.Filter{Limit: maxInt}
	ids, err := askLoop(ctx, d, func(m *loopRequest[[]uuid.UUID], _ time.Time) { m.reply(d.opts.Queue.ListIDs(all), nil) })
	slices.Reverse(ids)
	for err == nil && len(ids) > 0 {
		var some exportBatch
		some, err = askLoop(ctx, d, func(m *loopRequest[exportBatch], _ time.Time) { m.replyAfterRound(d, d.readTasks(ids), nil) })
		if err == nil && len(some.tasks) > 0 {
			err = f(some.tasks)
		}
		ids = ids[some.looked:]
	}
	return err
}

// Snapshot lists the files of the queue as of the last commit: they hold every task
// that was acknowledged before the call. The loop opens no file, because the disk may
// hang. Errors: that of ctx, ErrClosed, queue.ErrNotStored.
func (d *Dispatcher) Snapshot(ctx context.Context) ([]store.SegmentCopy, error) {
	return askLoop(ctx, d, func(m *loopRequest[[]store.SegmentCopy], _ time.Time) {
		m.reply(d.opts.Queue.Snapshot())
	})
}

// exportBatch holds some tasks, and the number of ids that were looked up for
// them.
type exportBatch struct {
	tasks  []task.Task
	looked int
}

func (d *Dispatcher) readTasks(ids []uuid.UUID) (r exportBatch) {
	for size := 0; r.looked < min(len(ids), exportStep) && size < exportBytes; r.looked++ {
		if t, ok := d.opts.Queue.FindTask(ids[r.looked]); ok {
			r.tasks = append(r.tasks, t)
			size += len(t.Data) + len(t.Result)
		}
	}
	return r
}

// Import stores what Export of another initiator returned, with one commit. The
// results are in the order of tasks: the record, with Known set where a task
// with its id existed already and was left unchanged; or task.ErrInvalid,
// *UnknownPoolError, task.ErrState. queue_max does not apply, because the tasks
// were accepted once. The error is as that of SubmitMany.
func (d *Dispatcher) Import(ctx context.Context, tasks []task.Task) ([]BatchLineResult, error) {
	return askLoop(ctx, d, func(m *loopRequest[[]BatchLineResult], now time.Time) {
		all := make([]BatchLineResult, len(tasks))
		for i, t := range tasks {
			all[i].Task, all[i].Err = d.importTask(t, now)
		}
		d.afterRound(func(kept error) {
			for i := range all {
				all[i].Err = cmp.Or(all[i].Err, kept)
			}
			m.reply(all, nil)
		})
	})
}

func (d *Dispatcher) importTask(t task.Task, now time.Time) (task.Task, error) {
	p := d.pools[t.Pool]
	if t.Pool != "" && (p == nil || p.gone) {
		return t, &UnknownPoolError{t.Pool}
	}
	got, fresh, err := d.opts.Queue.ImportTask(now, t)
	if fresh {
		d.changed[p] = true
		d.publishNewTask(&got, now)
		d.enqueueCallback(got)
	}
	return got, err
}
