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

	"initiator/initiator/report"
	"initiator/internal/apiheader"
)

// Logs opens the output of workers by definition, group or guid, or "all", in the
// order of time. With several workers each line begins with "name:index | ". The
// caller closes it. The status of an *Error is 404 when a name means no worker. Where
// the logs of some workers cannot be read, Read returns an error that names them in
// the place of io.EOF, an *api.UnreadableLogsError; with Follow they are lines that begin with "initiator: ".
func (c *Client) Logs(ctx context.Context, l report.LogQuery, names ...string) (io.ReadCloser, error) {
	return c.openWorkerLogs(ctx, l, names, "")
}

// LogLines calls f with each line of the output of workers, named as for Logs. It
// returns nil after the last line, and f's error or ctx's cause otherwise. With
// Follow it goes on until ctx or the initiator ends. A log that cannot be read is a
// LogLine with Error, and an error after the last line.
func (c *Client) LogLines(ctx context.Context, l report.LogQuery, f func(report.LogLine) error, names ...string) error {
	body, err := c.openWorkerLogs(ctx, l, names, "json")
	if err != nil {
		return err
	}
	defer body.Close()
	for in := json.NewDecoder(body); ; {
		var line report.LogLine
		err := in.Decode(&line)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, io.EOF):
			return nil
		case errors.As(err, new(*report.UnreadableLogsError)):
			return err
		case err != nil:
			return fmt.Errorf("read logs: %w", err)
		}
		if err := f(line); err != nil {
			return err
		}
	}
}

// OwnLog opens the log of the initiator itself. The caller closes it. The status
// of an *Error is 404 when the initiator does not write its log to a file.
func (c *Client) OwnLog(ctx context.Context, l report.LogQuery) (io.ReadCloser, error) {
	return c.openLog(ctx, l, "/log", "")
}

// Reopen makes the initiator open all log files anew by their names, after another
// program has moved them.
func (c *Client) Reopen(ctx context.Context) error {
	return c.requestJSON(ctx, http.MethodPost, "/logs/reopen", nil, struct{}{}, nil)
}

func (c *Client) openWorkerLogs(ctx context.Context, l report.LogQuery, names []string, format string) (io.ReadCloser, error) {
	return c.openLog(ctx, l, "/workers/"+strings.Join(names, ",")+"/logs", format)
}

// openLog asks for a log as text, or with the format "json" as JSON lines.
func (c *Client) openLog(ctx context.Context, l report.LogQuery, path, format string) (io.ReadCloser, error) {
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
	res, err := c.openResponse(ctx, http.MethodGet, path, q, nil) //nolint:bodyclose // the caller closes logBody
	if err != nil {
		return nil, err
	}
	return &logBody{ReadCloser: res.Body, from: res}, nil
}

// logBody is the body of an answer with logs. Its end is an error when the answer is
// not complete.
type logBody struct {
	io.ReadCloser
	from *http.Response
}

func (b *logBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if problem := b.from.Trailer.Get(apiheader.LogError); problem != "" && errors.Is(err, io.EOF) {
		return n, &report.UnreadableLogsError{Logs: []string{problem}}
	}
	return n, err
}
