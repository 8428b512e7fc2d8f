package initiator

import (
	"context"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/dispatch"
)

// Submit queues a task and returns its record once it is stored. For the
// errors see dispatch.Dispatcher.Submit.
func (in *Initiator) Submit(ctx context.Context, r task.Request) (task.Task, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return task.Task{}, err
	}
	return s.dispatcher.Submit(ctx, r)
}

// SubmitMany queues many tasks with one write. The results are in the order of
// the requests; see dispatch.Dispatcher.SubmitMany.
func (in *Initiator) SubmitMany(ctx context.Context, requests []task.Request) ([]dispatch.BatchLineResult, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.dispatcher.SubmitMany(ctx, requests)
}

// Call submits a task and returns its record when it is terminal; see
// dispatch.Dispatcher.Call.
func (in *Initiator) Call(ctx context.Context, r task.Request) (task.Task, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return task.Task{}, err
	}
	return s.dispatcher.Call(ctx, r)
}

// Task returns the record of a task. The reason of a queued task says what it
// waits for now.
func (in *Initiator) Task(ctx context.Context, id uuid.UUID) (task.Task, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return task.Task{}, err
	}
	t, err := s.dispatcher.Get(ctx, id)
	t.Reason = s.pools.WaitingReasons()(t)
	return t, err
}

// Wait returns the record of a task when it is terminal.
func (in *Initiator) Wait(ctx context.Context, id uuid.UUID) (task.Task, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return task.Task{}, err
	}
	return s.dispatcher.Wait(ctx, id)
}

// List returns the tasks that f selects, newest first, and at most f.Limit of them.
// ListPage says whether there are more.
func (in *Initiator) List(ctx context.Context, f task.Filter) ([]task.Task, error) {
	page, err := in.ListPage(ctx, f)
	return page.Tasks, err
}

// ListPage returns a page of a list of tasks. The reason of a queued task says what
// it waits for now. Error: task.ErrInvalid for f.After.
func (in *Initiator) ListPage(ctx context.Context, f task.Filter) (task.Page, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return task.Page{}, err
	}
	page, err := s.dispatcher.List(ctx, f)
	explain := s.pools.WaitingReasons()
	for i := range page.Tasks {
		page.Tasks[i].Reason = explain(page.Tasks[i])
	}
	return page, err
}

// Cancel ends a queued task, or asks the worker of a running task to end it.
func (in *Initiator) Cancel(ctx context.Context, id uuid.UUID, reason string) (task.Task, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return task.Task{}, err
	}
	return s.dispatcher.Cancel(ctx, id, reason)
}

// Retry queues a failed, cancelled or dead task again.
func (in *Initiator) Retry(ctx context.Context, id uuid.UUID) (task.Task, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return task.Task{}, err
	}
	return s.dispatcher.Retry(ctx, id)
}

// Counts returns, for each pool, how many tasks of each state it has.
func (in *Initiator) Counts(ctx context.Context) (map[string]task.Counts, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.dispatcher.CountTasks(ctx)
}

// Watch subscribes to the events of one task; see dispatch.Dispatcher.SubscribeTask.
func (in *Initiator) Watch(ctx context.Context, id uuid.UUID) (*dispatch.Subscription, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.dispatcher.SubscribeTask(ctx, id)
}

// WatchPool subscribes to the events of all tasks of a pool from now on.
func (in *Initiator) WatchPool(ctx context.Context, pool string) (*dispatch.Subscription, error) {
	s, err := in.waitForServer(ctx)
	if err != nil {
		return nil, err
	}
	return s.dispatcher.SubscribePool(ctx, pool)
}
