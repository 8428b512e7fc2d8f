package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Watch calls f with the present state of a task, and then with each of its
// events. It returns nil after the terminal event; else f's error or ctx's cause.
// After an outage of the initiator (see ReconnectFor) it goes on, again with the
// present state; with ReconnectFor(0) it returns nil when the initiator ends. When f
// is slow, events may be missed; the event after the gap is newer. The status of an
// *Error is 404 when there is no such task.
func (c *Client) Watch(ctx context.Context, id uuid.UUID, f func(task.Event) error) error {
	ended := false
	for {
		var res *http.Response
		err := c.persist(ctx, func() (err error) {
			res, err = c.openResponse(ctx, http.MethodGet, "/tasks/"+id.String()+"/events", nil, nil) //nolint:bodyclose // readEvents closes it
			return err
		})
		if err != nil {
			return err
		}
		err = readEvents(ctx, res, decodeEvent(func(e task.Event) error {
			ended = e.State.Terminal()
			return f(e)
		}))
		if ended || !c.outage.isBounded() || err != nil && !isPassing(err) {
			return err
		}
	}
}

// WatchPool calls f with the events of all tasks of a pool from now on, until f
// returns an error, which WatchPool returns, until ctx ends, or until the initiator
// ends: then it returns nil.
func (c *Client) WatchPool(ctx context.Context, pool string, f func(task.Event) error) error {
	res, err := c.openResponse(ctx, http.MethodGet, "/tasks/events", url.Values{"pool": {pool}}, nil)
	if err != nil {
		return err
	}
	return readEvents(ctx, res, decodeEvent(f))
}

// WatchRetries calls f with the events of the tasks of a pool that are tried
// again, from now on: each has Ended. It calls opened once, before f, when no
// later event will be missed. It returns as WatchPool does.
func (c *Client) WatchRetries(ctx context.Context, pool string, opened func(), f func(task.Event) error) error {
	res, err := c.openResponse(ctx, http.MethodGet, "/tasks/events", url.Values{"pool": {pool}, "retries": {"true"}}, nil)
	if err != nil {
		return err
	}
	opened()
	return readEvents(ctx, res, decodeEvent(func(n task.Event) error {
		if n.Ended == nil {
			return nil // from an older initiator, which sends every event
		}
		return f(n)
	}))
}

// decodeEvent returns a function for readEvents that calls f with the decoded event.
func decodeEvent(f func(task.Event) error) func([]byte) error {
	return func(data []byte) error {
		var e task.Event
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("watch tasks: %w", err)
		}
		if e.ID == uuid.Nil {
			return nil // the number of events that were missed: the next event is newer
		}
		return f(e)
	}
}
