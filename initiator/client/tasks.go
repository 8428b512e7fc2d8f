package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Submit queues a task and returns its record once the record is stored. The
// status of an *Error is 400 for a request that is wrong in itself, 404 for a pool
// that does not exist, 429 for a full queue, and 503 when nothing can be stored or
// the initiator is shutting down. A request without ID and Key gets an ID, under
// which it is sent again after an outage (see ReconnectFor): it is one task. When
// the initiator does not come back, the error is a *LostConnectionError if the
// request may have arrived, else an *OutageError.
func (c *Client) Submit(ctx context.Context, r task.Request) (task.Task, error) {
	chosen := c.completeRequest(&r)
	t, err := c.persistTask(ctx, http.MethodPost, "/tasks", nil, r)
	t.Known = existedBefore(t.Known, t.ID, chosen)
	return t, lostSubmit(r.ID, err)
}

// completeRequest gives a request the client's parent, and does what chooseID does.
func (c *Client) completeRequest(r *task.Request) (chosen uuid.UUID) {
	c.addParent(r)
	return chooseID(r)
}

// chooseID gives a request without ID and Key an ID, and returns the ID. It returns
// zero for any other request.
func chooseID(r *task.Request) (chosen uuid.UUID) {
	if r.ID != uuid.Nil || r.Key != "" {
		return uuid.Nil
	}
	r.ID = uuid.Must(uuid.NewV7())
	return r.ID
}

// existedBefore reports whether a task that the initiator knows existed before this
// request. Under an ID that the request has chosen, an earlier attempt of the same
// request has submitted the task.
func existedBefore(known bool, id, chosen uuid.UUID) bool { return known && id != chosen }

// lostSubmit returns the error of a submission during which the initiator went
// away.
func lostSubmit(id uuid.UUID, err error) error {
	var away *OutageError
	if errors.As(err, &away) && away.Sent {
		return &LostConnectionError{Task: id, Err: away}
	}
	return err
}

// persistTask sends a request that can be repeated, and returns the task that the
// initiator answers.
func (c *Client) persistTask(ctx context.Context, method, path string, query url.Values, body any) (task.Task, error) {
	var t task.Task
	err := c.persist(ctx, func() error { return c.requestJSON(ctx, method, path, query, body, &t) })
	return t, err
}

// Task returns the record of a task. The status of an *Error is 404 when there is
// no such task, or when its retention is over.
func (c *Client) Task(ctx context.Context, id uuid.UUID) (task.Task, error) {
	return c.persistTask(ctx, http.MethodGet, "/tasks/"+id.String(), nil, nil)
}

// waitSpan is how long one request waits for the end of a task. The initiator
// bounds the time of one request as well; another request costs little.
const waitSpan = "60s"

// Wait returns the record of a task once the task has ended. A task that ended in
// another state than completed is a *task.FailedError beside its record. When ctx
// ends first, Wait returns the cause, and the record of the last answer: the zero
// Task if there was no answer. Otherwise it fails as Task does.
func (c *Client) Wait(ctx context.Context, id uuid.UUID) (task.Task, error) {
	var last task.Task
	for {
		t, err := c.persistTask(ctx, http.MethodGet, "/tasks/"+id.String(), url.Values{"wait": {waitSpan}}, nil)
		if err != nil {
			return last, err
		}
		if last = t; t.State.Terminal() {
			return t, t.Err()
		}
	}
}

// Cancel ends a queued task, or asks the worker of a running task to end it, and
// returns the record as it is then. A task of Call is cancelled even when its
// submit has not arrived yet. The status of an *Error is 404 when there is no such
// task, and 409 when the task is terminal.
func (c *Client) Cancel(ctx context.Context, id uuid.UUID) (task.Task, error) {
	if s := c.shared.currentStream(); s != nil {
		if _, err := s.cancelTask(ctx, id); err == nil {
			return c.Task(ctx, id)
		}
	}
	return c.changeTask(ctx, id, "cancel")
}

// Retry queues a failed, cancelled or dead task again and returns its record. The
// status of an *Error is 404 when there is no such task, and 409 when the task is
// in another state.
func (c *Client) Retry(ctx context.Context, id uuid.UUID) (task.Task, error) {
	return c.changeTask(ctx, id, "retry")
}

func (c *Client) changeTask(ctx context.Context, id uuid.UUID, verb string) (task.Task, error) {
	var t task.Task
	return t, c.requestJSON(ctx, http.MethodPost, "/tasks/"+id.String()+"/"+verb, nil, struct{}{}, &t)
}
