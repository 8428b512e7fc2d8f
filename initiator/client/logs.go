package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"initiator/initiator/report"
	"initiator/internal/apiheader"
)

// Logs returns each line of the output of workers by definition, group or guid, or
// "all", in the order of time. It ends after the last line, or with a pair of an
// error; with q.Follow it goes on until ctx or the initiator ends. The error of a name
// that means no worker is ErrUnknownWorker. A log that cannot be read spoils no other:
// it is a line with Error, and a *report.UnreadableLogsError after the last line.
func (c *Client) Logs(ctx context.Context, q report.LogQuery, names ...string) iter.Seq2[report.LogLine, error] {
	return func(yield func(report.LogLine, error) bool) {
		body, err := c.openWorkerLogs(ctx, q, names, "json")
		if err != nil {
			yieldError(yield, err)
			return
		}
		defer body.Close()
		for in := json.NewDecoder(body); ; {
			var line report.LogLine
			if err := in.Decode(&line); err != nil {
				yieldError(yield, endOfLogs(ctx, err))
				return
			}
			if !yield(line, nil) {
				return
			}
		}
	}
}

// endOfLogs returns the error at the end of the lines; nil = the answer is complete.
func endOfLogs(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, io.EOF):
		return nil
	case errors.As(err, new(*report.UnreadableLogsError)):
		return err
	}
	return fmt.Errorf("read logs: %w", err)
}

// LogText opens the output of workers as Logs, as text. With several workers each
// line begins with "name:index | ". The caller closes it. Where the logs of some
// workers cannot be read, Read returns a *report.UnreadableLogsError in the place of
// io.EOF; with q.Follow they are lines that begin with "initiator: ".
func (c *Client) LogText(ctx context.Context, q report.LogQuery, names ...string) (io.ReadCloser, error) {
	return c.openWorkerLogs(ctx, q, names, "")
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
