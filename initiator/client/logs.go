package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"initiator/internal/api"
)

// LogQuery says which part of the output of workers to read; see api.LogQuery.
type LogQuery = api.LogQuery

// Logs opens what workers wrote, by definition, group or guid, or "all", in
// the order of time. Where there are several workers each line begins with
// "name:index | ". The caller closes it.
func (c *Client) Logs(ctx context.Context, l LogQuery, names ...string) (io.ReadCloser, error) {
	return c.openWorkerLogs(ctx, l, names, "")
}

// LogLines is Logs with each line apart. It returns when there are no more,
// with Follow when ctx ends, or with an error of f.
func (c *Client) LogLines(ctx context.Context, l LogQuery, f func(api.LogLine) error, names ...string) error {
	body, err := c.openWorkerLogs(ctx, l, names, "json")
	if err != nil {
		return err
	}
	defer body.Close()
	for in := json.NewDecoder(body); ; {
		var line api.LogLine
		err := in.Decode(&line)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read logs: %w", err)
		}
		if err := f(line); err != nil {
			return err
		}
	}
}

func (c *Client) openWorkerLogs(ctx context.Context, l LogQuery, names []string, format string) (io.ReadCloser, error) {
	return c.openLog(ctx, l, "/workers/"+strings.Join(names, ",")+"/logs", format)
}

// OwnLog opens what the initiator itself has written. The caller closes it. The
// status of an *Error is 404 where its log is in no file.
func (c *Client) OwnLog(ctx context.Context, l LogQuery) (io.ReadCloser, error) {
	return c.openLog(ctx, l, "/log", "")
}

func (c *Client) openLog(ctx context.Context, l LogQuery, path, format string) (io.ReadCloser, error) {
	q := url.Values{}
	set := func(key, value string, wanted bool) {
		if wanted {
			q.Set(key, value)
		}
	}
	set("format", format, format != "")
	set("stream", l.Stream, l.Stream != "")
	set("tail", strconv.Itoa(l.Tail), l.Tail > 0)
	set("follow", "1", l.Follow)
	set("previous", "1", l.Previous)
	set("current", "1", l.Current)
	set("since", l.Since.Format(time.RFC3339Nano), !l.Since.IsZero())
	res, err := c.openResponse(ctx, http.MethodGet, path, q, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
