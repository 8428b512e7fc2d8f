package dispatch

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/queue"
)

// WorkerCaller is one incarnation of a worker that makes requests about tasks with
// its own token.
type WorkerCaller struct {
	Pool        string // never ""
	GUID        string
	Incarnation int
}

// WorkerTasks are the requests about tasks that a worker may make. It submits tasks,
// also as children of the tasks that it runs. It reads and cancels the tasks that a
// worker of its pool has submitted, and the tasks that it runs with all tasks below
// them.
//
// The submitter is the pool and not the worker: guids are new when the initiator
// starts again, and the next attempt at a parent may run in another worker of the
// pool. It must find the children of the attempt before.
type WorkerTasks struct {
	d      *Dispatcher
	caller WorkerCaller
}

// ForWorker returns the requests that a worker may make.
func (d *Dispatcher) ForWorker(w WorkerCaller) WorkerTasks { return WorkerTasks{d, w} }

// Submit is Dispatcher.Submit. A task that is known already and not open to the
// worker is returned with its ID, State and Known only. The error is
// task.ErrConflict for the child of a task that does not run in the worker.
func (w WorkerTasks) Submit(ctx context.Context, r task.Request) (task.Task, error) {
	return w.d.submit(ctx, r, &w.caller)
}

// Call is Dispatcher.Call. A task that is known already and not open to the worker
// is returned at once, as by Submit.
func (w WorkerTasks) Call(ctx context.Context, r task.Request) (task.Task, error) {
	return w.d.call(ctx, r, &w.caller)
}

// Get is Dispatcher.Get. Errors: task.ErrNotFound, task.ErrForbidden.
func (w WorkerTasks) Get(ctx context.Context, id uuid.UUID) (task.Task, error) {
	return askLoop(ctx, w.d, func(m *loopRequest[task.Task], _ time.Time) {
		t, err := w.d.findOpenTask(id, &w.caller)
		m.replyAfterRound(w.d, t, err)
	})
}

// Wait is Dispatcher.Wait. Errors: task.ErrNotFound, task.ErrForbidden, ErrClosed.
func (w WorkerTasks) Wait(ctx context.Context, id uuid.UUID) (task.Task, error) {
	now, cancel := withoutWait(ctx)
	defer cancel()
	if t, err := w.Get(now, id); err != nil {
		return t, err
	}
	return w.d.Wait(ctx, id)
}

// Cancel is Dispatcher.Cancel. Errors: task.ErrNotFound, task.ErrForbidden,
// task.ErrConflict.
func (w WorkerTasks) Cancel(ctx context.Context, id uuid.UUID, why string) (task.Task, error) {
	return askLoop(ctx, w.d, func(m *loopRequest[task.Task], now time.Time) {
		t, err := w.d.findOpenTask(id, &w.caller)
		if err != nil {
			m.replyWhenStored(w.d, t, err)
			return
		}
		w.d.cancelTree(m, id, why, now)
	})
}

// findOpenTask returns a task if it is open to the worker.
func (d *Dispatcher) findOpenTask(id uuid.UUID, by *WorkerCaller) (task.Task, error) {
	t, ok := d.opts.Queue.FindTask(id)
	switch {
	case !ok:
		return task.Task{}, fmt.Errorf("task %s: %w", id, task.ErrNotFound)
	case !d.isOpenTo(&t, by):
		return task.Task{}, fmt.Errorf("task %s: %w: no worker of %s has submitted it, and it is not below a task that runs in this worker", id, task.ErrForbidden, by.Pool)
	}
	return t, nil
}

// isOpenTo reports whether a worker may read and cancel a task. A nil worker stands
// for a client, to which every task is open.
func (d *Dispatcher) isOpenTo(t *task.Task, by *WorkerCaller) bool {
	if by == nil || t.SubmittedBy == by.Pool {
		return true
	}
	above := *t
	for range 1 + bounds.Generations {
		if by.runs(&above) {
			return true
		}
		if above.Parent == uuid.Nil {
			return false
		}
		var ok bool
		if above, ok = d.opts.Queue.FindTask(above.Parent); !ok {
			return false
		}
	}
	return false
}

// runs reports whether a task runs in this incarnation of the worker.
func (w *WorkerCaller) runs(t *task.Task) bool {
	l, running := queue.LeaseOf(t)
	return running && l.GUID == w.GUID && l.Incarnation == w.Incarnation
}

// limitRecord leaves what a submitter is shown of a task: of a known task that is
// not open to it, only id and state.
func (d *Dispatcher) limitRecord(t *task.Task, by *WorkerCaller) {
	if !d.isOpenTo(t, by) {
		*t = task.Task{ID: t.ID, State: t.State, Known: t.Known}
	}
}

// checkHolder reports why a worker may not submit a child of parent; nil = it may.
// The parent has to run in the worker.
func (d *Dispatcher) checkHolder(parent uuid.UUID, by *WorkerCaller) error {
	if by == nil || parent == uuid.Nil {
		return nil
	}
	if t, ok := d.opts.Queue.FindTask(parent); !ok || !by.runs(&t) {
		return fmt.Errorf("submit: its parent %s does not run in this worker: %w", parent, task.ErrConflict)
	}
	return nil
}
