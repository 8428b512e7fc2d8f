package api

import (
	"context"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/internal/webhook"
)

// reserveData waits until the data of one more task fits into the budgets of the
// stream and of the client, or until ctx ends: a disk may be slow, and a client may
// send faster than any disk writes. It returns a function for the dispatcher to call
// when the task is stored or refused, which calls taken. taken may be nil. The number
// of open requests limits shorter data than bounds.UncountedBody.
func reserveData(ctx context.Context, stream, client webhook.Reserve, length int, taken func(task.Task, error)) func(task.Task, error) {
	if length <= bounds.UncountedBody {
		return taken
	}
	freeStream, err := stream(ctx, int64(length))
	if err != nil {
		return taken // the stream has ended, and so will the request
	}
	freeClient, err := client(ctx, int64(length))
	if err != nil {
		freeStream()
		return taken
	}
	return func(t task.Task, err error) {
		freeClient()
		freeStream()
		if taken != nil {
			taken(t, err)
		}
	}
}
