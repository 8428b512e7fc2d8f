package initiator

import (
	"context"

	"initiator/initiator/dispatch"
	"initiator/initiator/task"
)

// SubmitMany queues many tasks with one write. Each has its own verdict, in
// their order; see dispatch.Dispatcher.SubmitMany.
func (in *Initiator) SubmitMany(ctx context.Context, requests []task.Request) ([]dispatch.Verdict, error) {
	if err := in.up(ctx); err != nil {
		return nil, err
	}
	return in.dispatcher.SubmitMany(ctx, requests)
}
