package dispatch

import (
	"cmp"
	"context"
	"slices"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store"
)

// Export passes every task that exists now to each, in the order of submit, as
// EachTask does. Errors: those of EachTask.
func (d *Dispatcher) Export(ctx context.Context, each func(*queue.TaskReader) error) error {
	ids, err := d.selectAll(ctx, task.Filter{})
	if err != nil {
		return err
	}
	slices.Reverse(ids)
	return d.EachTask(ctx, ids, each)
}

// Snapshot lists the files of the queue as of the last commit: they hold every task
// that was acknowledged before the call. The loop opens no file, because the disk may
// hang. Errors: that of ctx, ErrClosed, queue.ErrNotStored.
func (d *Dispatcher) Snapshot(ctx context.Context) ([]store.SegmentCopy, error) {
	return askLoop(ctx, d, func(m *loopRequest[[]store.SegmentCopy], _ time.Time) {
		m.reply(d.opts.Queue.Snapshot())
	})
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
