package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"initiator/initiator/report"
)

// FromNow is the number for Events that leaves out every past transition.
const FromNow uint64 = math.MaxUint64

// Events calls f with every transition of a worker whose number (Seq) is above
// since, in order; since 0 begins with the oldest that the initiator remembers.
// Without follow it returns after the newest. With follow it goes on until ctx
// ends, until f returns an error, which Events returns, or until the initiator
// ends: then it returns nil.
func (c *Client) Events(ctx context.Context, since uint64, follow bool, f func(report.Event) error) error {
	q := url.Values{"since": {strconv.FormatUint(since, 10)}}
	if since == FromNow {
		q.Set("since", "now")
	}
	if !follow {
		q.Set("follow", "0")
	}
	res, err := c.openResponse(ctx, http.MethodGet, "/events", q, nil)
	if err != nil {
		return err
	}
	return readEvents(ctx, res, func(data []byte) error {
		var t report.Event
		if err := json.Unmarshal(data, &t); err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		return f(t)
	})
}

// readEvents calls f with the data of each server-sent event of an answer, which it
// closes. The data repeats the number and kind of the event. It returns nil at the
// end of the answer.
func readEvents(ctx context.Context, res *http.Response, f func(data []byte) error) error {
	defer res.Body.Close()
	err := eachEventData(res.Body, f)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func eachEventData(from io.Reader, f func(data []byte) error) error {
	in := bufio.NewReader(from)
	for {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &brokenConnError{"read events", err}
		}
		data, ok := bytes.CutPrefix(line, []byte("data:"))
		if !ok {
			continue
		}
		if err := f(data); err != nil {
			return err
		}
	}
}
