package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Watch calls f with what a task is now, and then with all that becomes of it:
// the last is terminal, and Watch returns nil behind it. It returns early with
// the error of f, ctx's, or nil when the initiator ends.
func (c *Client) Watch(ctx context.Context, id uuid.UUID, f func(task.Event) error) error {
	return c.watchEvents(ctx, "/tasks/"+id.String()+"/events", nil, f)
}

// WatchPool calls f with what becomes of the tasks of a pool from now on. It
// returns as Watch does, but for the end of a task.
func (c *Client) WatchPool(ctx context.Context, pool string, f func(task.Event) error) error {
	return c.watchEvents(ctx, "/tasks/events", url.Values{"pool": {pool}}, f)
}

func (c *Client) watchEvents(ctx context.Context, path string, query url.Values, f func(task.Event) error) error {
	res, err := c.openResponse(ctx, http.MethodGet, path, query, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	err = readTaskEvents(res.Body, f)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// readTaskEvents reads server-sent events; only their data matters. Where some were
// missed, what comes next is newer.
func readTaskEvents(from io.Reader, f func(task.Event) error) error {
	in := bufio.NewReader(from)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		data, ok := bytes.CutPrefix(line, []byte("data:"))
		if !ok {
			continue
		}
		var n task.Event
		if err := json.Unmarshal(data, &n); err != nil {
			return fmt.Errorf("watch: %w", err)
		}
		if n.ID == uuid.Nil {
			continue // how many were missed
		}
		if err := f(n); err != nil {
			return err
		}
	}
}
