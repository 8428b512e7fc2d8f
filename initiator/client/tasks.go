package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Submit queues a task and returns its record once it is kept. The status of
// an *Error is 404 for an unknown pool, 429 for a full queue, 400 for a
// request that is wrong in itself.
func (c *Client) Submit(ctx context.Context, r task.Request) (task.Task, error) {
	var t task.Task
	return t, c.requestJSON(ctx, http.MethodPost, "/tasks", nil, r, &t)
}

// Task returns the record of a task.
func (c *Client) Task(ctx context.Context, id uuid.UUID) (task.Task, error) {
	var t task.Task
	return t, c.requestJSON(ctx, http.MethodGet, "/tasks/"+id.String(), nil, nil, &t)
}

// waitSpan is how long one request waits. The initiator bounds it as well;
// asking again costs nothing.
const waitSpan = "60s"

// Wait returns the record of a task when it is terminal. When ctx ends first,
// it returns ctx's error and the record as it was last seen.
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

// List returns records, newest first.
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

// Cancel ends a queued task, or asks the worker of a running one to. A task of
// Call is cancelled even when its submit has not arrived yet.
func (c *Client) Cancel(ctx context.Context, id uuid.UUID) (task.Task, error) {
	if s := c.shared.currentStream(); s != nil {
		if _, err := s.Cancel(ctx, id); err == nil {
			return c.Task(ctx, id)
		}
	}
	return c.changeTask(ctx, id, "cancel")
}

// Retry queues a failed, cancelled or dead task again.
func (c *Client) Retry(ctx context.Context, id uuid.UUID) (task.Task, error) {
	return c.changeTask(ctx, id, "retry")
}

func (c *Client) changeTask(ctx context.Context, id uuid.UUID, verb string) (task.Task, error) {
	var t task.Task
	return t, c.requestJSON(ctx, http.MethodPost, "/tasks/"+id.String()+"/"+verb, nil, struct{}{}, &t)
}
