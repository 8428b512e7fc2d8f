package client

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Watch returns the present state of a task, and then each of its events. It ends
// after the terminal event, or with a pair of an error. A *GapError stands where
// events are missing, and does not end it. After an outage of the initiator (see
// ReconnectFor) it goes on, again with the present state; with ReconnectFor(0) it ends
// when the initiator ends. The error of a task that does not exist is
// task.ErrNotFound.
func (c *Client) Watch(ctx context.Context, id uuid.UUID) iter.Seq2[task.Event, error] {
	return func(yield func(task.Event, error) bool) {
		ended := false
		for {
			var res *http.Response
			err := c.persist(ctx, func() (err error) {
				res, err = c.openResponse(ctx, http.MethodGet, "/tasks/"+id.String()+"/events", nil, nil) //nolint:bodyclose // readEvents closes it
				return err
			})
			if err == nil {
				err = readEvents(ctx, res, decodeEvent(func(e task.Event, gap error) bool {
					ended = gap == nil && e.State.Terminal()
					return yield(e, gap)
				}))
			}
			if ended || !c.outage.isBounded() || err != nil && !isPassing(err) {
				yieldError(yield, err)
				return
			}
		}
	}
}

// WatchPool returns the events of all tasks of a pool from now on, until ctx or the
// initiator ends. The pair of an error is the last, except of a *GapError, which
// stands where events are missing.
func (c *Client) WatchPool(ctx context.Context, pool string) iter.Seq2[task.Event, error] {
	return func(yield func(task.Event, error) bool) {
		res, err := c.openResponse(ctx, http.MethodGet, "/tasks/events", url.Values{"pool": {pool}}, nil)
		if err == nil {
			err = readEvents(ctx, res, decodeEvent(yield))
		}
		yieldError(yield, err)
	}
}

// WatchRetries returns the events of the tasks of a pool that are tried again, from
// now on: each has Ended. It calls opened once, before the first event, when no later
// event will be missed. It ends as WatchPool does.
func (c *Client) WatchRetries(ctx context.Context, pool string, opened func()) iter.Seq2[task.Event, error] {
	return func(yield func(task.Event, error) bool) {
		res, err := c.openResponse(ctx, http.MethodGet, "/tasks/events", url.Values{"pool": {pool}, "retries": {"true"}}, nil)
		if err == nil {
			opened()
			err = readEvents(ctx, res, decodeEvent(func(e task.Event, gap error) bool {
				return gap == nil && e.Ended == nil || yield(e, gap) // an older initiator sends every event
			}))
		}
		yieldError(yield, err)
	}
}

// decodeEvent returns a function for readEvents that yields the decoded event, or a
// *GapError for the number of events that were missed. It returns errStopped when
// yield wants no more.
func decodeEvent(yield func(task.Event, error) bool) func([]byte) error {
	return func(data []byte) error {
		var e struct {
			task.Event
			Missed uint64 `json:"missed"`
		}
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("watch tasks: %w", err)
		}
		if e.ID == uuid.Nil {
			return continueWhile(yield(task.Event{}, &GapError{e.Missed}))
		}
		return continueWhile(yield(e.Event, nil))
	}
}
