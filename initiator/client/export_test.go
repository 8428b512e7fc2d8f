//go:build unix

package client

import (
	"context"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// TaskStream and Reply let tests use a stream without the client around it.
type (
	TaskStream = taskStream
	Reply      = taskReply
	Future     = future
)

// OpenStream opens a stream that is not shared.
func (c *Client) OpenStream(ctx context.Context) (*TaskStream, error) { return c.startStream(ctx) }

// Go submits a task and does not wait for its end.
func (s *taskStream) Go(ctx context.Context, r task.Request) *Future {
	chosen := chooseID(&r)
	return s.startCall(ctx, r, chosen)
}

// Call submits a task and waits for its end.
func (s *taskStream) Call(ctx context.Context, r task.Request) (Reply, error) {
	return s.awaitFuture(ctx, s.Go(ctx, r))
}

// Cancel cancels a task.
func (s *taskStream) Cancel(ctx context.Context, id uuid.UUID) (Reply, error) {
	return s.cancelTask(ctx, id)
}

// Close ends the stream.
func (s *taskStream) Close() { s.close() }

// TaskID returns the id of the task.
func (f *future) TaskID() uuid.UUID { return f.task }

// Wait waits for the reply.
func (f *future) Wait(ctx context.Context) (Reply, error) {
	select {
	case <-f.done:
		return f.reply, f.err
	case <-ctx.Done():
		return Reply{ID: f.task}, context.Cause(ctx)
	}
}
