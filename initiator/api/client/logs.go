package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// LogQuery says which part of a worker's output to read.
type LogQuery struct {
	Stream string // "stdout" or "stderr"; "" = stdout
	Tail   int    // only the last so many lines; 0 = all there is
	Follow bool   // and what it writes from then on, until Close
}

// Logs opens what a worker wrote, by guid, or by the name of a definition that
// has one worker. The caller closes it.
func (c *Client) Logs(ctx context.Context, name string, l LogQuery) (io.ReadCloser, error) {
	q := url.Values{}
	if l.Stream != "" {
		q.Set("stream", l.Stream)
	}
	if l.Tail > 0 {
		q.Set("tail", strconv.Itoa(l.Tail))
	}
	if l.Follow {
		q.Set("follow", "1")
	}
	res, err := c.open(ctx, http.MethodGet, "/workers/"+name+"/logs", q, nil)
	if err != nil {
		return nil, err
	}
	return res.Body, nil
}
