package initiator

import (
	"context"

	"initiator/internal/dispatch"
	"initiator/internal/queue"
)

// SubmitMany queues many tasks with one write. Each has its own verdict, in
// their order; see dispatch.Dispatcher.SubmitMany.
func (in *Initiator) SubmitMany(ctx context.Context, requests []task.Request) ([]dispatch.BatchLineResult, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.dispatcher.SubmitMany(ctx, requests)
}

// ExportTasks gives every task to f, some at a time; see
// dispatch.Dispatcher.Export.
func (in *Initiator) ExportTasks(ctx context.Context, f func([]task.Task) error) error {
	if err := in.up(ctx); err != nil {
		return err
	}
	return in.dispatcher.Export(ctx, f)
}

// ImportTasks takes in what ExportTasks has given; see
// dispatch.Dispatcher.Import.
func (in *Initiator) ImportTasks(ctx context.Context, tasks []task.Task) ([]dispatch.BatchLineResult, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.dispatcher.Import(ctx, tasks)
}
