package client

import (
	"context"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Call submits a task of a typed method and returns its result once the task has
// completed. The error is as of Client.Call, or says why the input or the result does
// not fit its type.
func Call[In, Out any](ctx context.Context, c *Client, m task.Method[In, Out], in In, options ...SubmitOption) (out Out, err error) {
	r, err := newRequest(m.String(), in, options)
	if err != nil {
		return out, err
	}
	record, err := c.Call(ctx, r)
	if err != nil {
		return out, err
	}
	err = record.Decode(&out)
	return out, err
}

// Submitted is a task of a typed method that the initiator has stored. Any goroutine
// may use it.
type Submitted[Out any] struct {
	client *Client
	id     uuid.UUID
}

// Submit submits a task of a typed method. It returns once the task is stored, and
// fails as Client.Submit does.
func Submit[In, Out any](ctx context.Context, c *Client, m task.Method[In, Out], in In, options ...SubmitOption) (Submitted[Out], error) {
	r, err := newRequest(m.String(), in, options)
	if err != nil {
		return Submitted[Out]{}, err
	}
	record, err := c.Submit(ctx, r)
	return Submitted[Out]{c, record.ID}, err
}

// ID returns the task's id.
func (s Submitted[Out]) ID() uuid.UUID { return s.id }

// Wait returns the result once the task has completed. It fails as Client.Wait does,
// or says why the result does not fit its type.
func (s Submitted[Out]) Wait(ctx context.Context) (out Out, err error) {
	record, err := s.client.Wait(ctx, s.id)
	if err != nil {
		return out, err
	}
	err = record.Decode(&out)
	return out, err
}
