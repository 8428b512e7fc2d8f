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

// Call submits a task and returns the reply once the task is terminal. It uses a
// stream that all calls of this client share, or HTTP where the initiator offers
// no stream or the data is larger than 1 MiB. A request without ID and Key gets an
// ID, which is in the Reply also when there is an error. The error is an
// *Error as Submit returns it, an *UnreachableError, a *LostConnectionError, an
// *OutageError or ErrClosed. When ctx ends first, the error is its
// cause, and the task goes on.
func (c *Client) Call(ctx context.Context, r task.Request) (Reply, error) {
	chosen := chooseID(&r)
	if len(r.Data) > stream.MaxPayload {
		return c.callHTTP(ctx, r, chosen)
	}
	for {
		var s *Stream
		err := c.persist(ctx, func() (err error) {
			s, err = c.shared.openOnce(ctx, c)
			return err
		})
		if errors.Is(err, ErrUnsupported) {
			return c.callHTTP(ctx, r, chosen)
		}
		if err != nil {
			return Reply{ID: r.ID}, err
		}
		reply, err := s.awaitFuture(ctx, s.startChosenSubmit(ctx, r, chosen, stream.VerbCall, nil))
		var ended *streamEndedError
		if errors.As(err, &ended) && c.shared.dropStream(s) {
			continue // the stream had ended before this request
		}
		return reply, err
	}
}

// callHTTP does what Call does, without a stream.
func (c *Client) callHTTP(ctx context.Context, r task.Request, chosen uuid.UUID) (Reply, error) {
	t, err := c.persistTask(ctx, http.MethodPost, "/tasks", url.Values{"wait": {waitSpan}}, r)
	err = lostSubmit(r.ID, err)
	known := existedBefore(t.Known, t.ID, chosen)
	if err == nil && !t.State.Terminal() {
		t, err = c.Wait(ctx, t.ID)
	}
	reply := Reply{ID: t.ID, State: t.State, Attempt: t.Attempt, Result: t.Result, Known: known}
	if reply.State != task.Completed {
		reply.Reason = t.Reason
	}
	if reply.ID == uuid.Nil {
		reply.ID = r.ID
	}
	return reply, err
}
