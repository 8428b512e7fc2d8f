package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/stream"
)

// Call submits a task and returns its record once the task has ended. It uses a
// stream that all calls of this client share, or HTTP where the initiator offers
// no stream or the data is larger than 1 MiB. A request without ID and Key gets an
// ID, which is in the record also when there is an error. The record of a completed
// task has what the stream brings: ID, Pool, Method, State, Attempt, Result and
// Known; Task returns all of it.
//
// A task that ended in another state than completed is a *task.FailedError with the
// whole record. Otherwise the error is an *Error as Submit returns it, an
// *UnreachableError, a *LostConnectionError, an *OutageError or ErrClosed. When ctx
// ends first, the error is its cause, and the task goes on.
func (c *Client) Call(ctx context.Context, r task.Request) (task.Task, error) {
	chosen := c.completeRequest(&r)
	if len(r.Data) > stream.MaxPayload {
		return c.callHTTP(ctx, r, chosen)
	}
	for {
		var s *taskStream
		err := c.persist(ctx, func() (err error) {
			s, err = c.shared.openOnce(ctx, c)
			return err
		})
		if errors.Is(err, stream.ErrUnsupported) {
			return c.callHTTP(ctx, r, chosen)
		}
		if err != nil {
			return task.Task{ID: r.ID}, err
		}
		reply, err := s.awaitFuture(ctx, s.startCall(ctx, r, chosen))
		if ended := (*streamEndedError)(nil); errors.As(err, &ended) && c.shared.dropStream(s) {
			continue // the stream had ended before this request
		}
		return c.finishCall(ctx, r, reply, err)
	}
}

// finishCall makes the record of a call from its request and the reply. The record of
// a task that has failed is fetched.
func (c *Client) finishCall(ctx context.Context, r task.Request, reply taskReply, err error) (task.Task, error) {
	record := task.Task{
		ID: reply.ID, Key: r.Key, Pool: r.Pool, Method: r.Method, Data: r.Data, Unique: r.Unique, Parent: r.Parent,
		State: reply.State, Attempt: reply.Attempt, Reason: reply.Reason, Result: reply.Result, Known: reply.Known,
	}
	if err != nil || record.Err() == nil {
		return record, err
	}
	if whole, err := c.Task(ctx, record.ID); err == nil && whole.State == record.State {
		whole.Known = record.Known
		record = whole
	}
	return record, record.Err()
}

// callHTTP does what Call does, without a stream.
func (c *Client) callHTTP(ctx context.Context, r task.Request, chosen uuid.UUID) (task.Task, error) {
	t, err := c.persistTask(ctx, http.MethodPost, "/tasks", url.Values{"wait": {waitSpan}}, r)
	if err = lostSubmit(r.ID, err); err != nil {
		return task.Task{ID: r.ID}, err
	}
	known := existedBefore(t.Known, t.ID, chosen)
	if !t.State.Terminal() {
		t, err = c.Wait(ctx, t.ID)
	} else {
		err = t.Err()
	}
	t.Known = known
	return t, err
}
