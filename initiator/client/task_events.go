package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Watch calls f with the present state of a task, and then with each of its
// events. It returns nil after the terminal event, or when the initiator ends;
// else f's error or ctx's cause. When f is slow, events may be missed; the event
// after the gap is newer. The status of an *Error is 404 when there is no such task.
func (c *Client) Watch(ctx context.Context, id uuid.UUID, f func(task.Event) error) error {
	return c.watchEvents(ctx, "/tasks/"+id.String()+"/events", nil, nil, f)
}

// WatchPool calls f with the events of all tasks of a pool from now on. It returns
// as Watch does, except that the end of a task does not end it.
func (c *Client) WatchPool(ctx context.Context, pool string, f func(task.Event) error) error {
	return c.watchEvents(ctx, "/tasks/events", url.Values{"pool": {pool}}, nil, f)
}

// WatchRetries calls f with the events of the tasks of a pool that are tried
// again, from now on: each has Ended. It calls opened once, before f, when no
// later event will be missed. It returns as WatchPool does.
func (c *Client) WatchRetries(ctx context.Context, pool string, opened func(), f func(task.Event) error) error {
	return c.watchEvents(ctx, "/tasks/events", url.Values{"pool": {pool}, "retries": {"true"}}, opened, func(n task.Event) error {
		if n.Ended == nil {
			return nil // from an older initiator, which sends every event
		}
		return f(n)
	})
}

func (c *Client) watchEvents(ctx context.Context, path string, query url.Values, opened func(), f func(task.Event) error) error {
	return c.readEvents(ctx, path, query, opened, func(data []byte) error {
		var e task.Event
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("watch tasks: %w", err)
		}
		if e.ID == uuid.Nil {
			return nil // the number of events that were missed: the next event is newer
		}
		return f(e)
	})
}
