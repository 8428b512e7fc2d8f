package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Submit queues a task and returns its record once the record is stored. The
// status of an *Error is 400 for a request that is wrong in itself, 404 for a pool
// that does not exist, 429 for a full queue, and 503 when nothing can be stored or
// the initiator is shutting down.
func (c *Client) Submit(ctx context.Context, r task.Request) (task.Task, error) {
	var t task.Task
	return t, c.requestJSON(ctx, http.MethodPost, "/tasks", nil, r, &t)
}

// Task returns the record of a task. The status of an *Error is 404 when there is
// no such task, or when its retention is over.
func (c *Client) Task(ctx context.Context, id uuid.UUID) (task.Task, error) {
	var t task.Task
	return t, c.requestJSON(ctx, http.MethodGet, "/tasks/"+id.String(), nil, nil, &t)
}

// waitSpan is how long one request waits for the end of a task. The initiator
// bounds the time of one request as well; another request costs little.
const waitSpan = "60s"

// Wait returns the record of a task once the task is terminal. When ctx ends
// first, it returns the cause, and the record of the last answer: the zero Task if
// there was no answer. Otherwise it fails as Task does.
func (c *Client) Wait(ctx context.Context, id uuid.UUID) (task.Task, error) {
	var last task.Task
	for {
		var t task.Task
		err := c.requestJSON(ctx, http.MethodGet, "/tasks/"+id.String(), url.Values{"wait": {waitSpan}}, nil, &t)
		if err != nil {
			return last, err
		}
		if last = t; t.State.Terminal() {
			return t, nil
		}
	}
}

// List returns the records that the filter selects, newest first. Without a limit
// it returns at most 100.
func (c *Client) List(ctx context.Context, f task.Filter) ([]task.Task, error) {
	q := url.Values{}
	if f.Pool != "" {
		q.Set("pool", f.Pool)
	}
	if f.State != "" {
		q.Set("state", string(f.State))
	}
	if f.Limit > 0 {
		q.Set("limit", strconv.Itoa(f.Limit))
	}
	var got struct {
		Tasks []task.Task `json:"tasks"`
	}
	err := c.requestJSON(ctx, http.MethodGet, "/tasks", q, nil, &got)
	return got.Tasks, err
}

// Cancel ends a queued task, or asks the worker of a running task to end it, and
// returns the record as it is then. A task of Call is cancelled even when its
// submit has not arrived yet. The status of an *Error is 404 when there is no such
// task, and 409 when the task is terminal.
func (c *Client) Cancel(ctx context.Context, id uuid.UUID) (task.Task, error) {
	if s := c.shared.currentStream(); s != nil {
		if _, err := s.Cancel(ctx, id); err == nil {
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
