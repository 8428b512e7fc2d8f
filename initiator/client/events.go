package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"initiator/internal/supervise"
)

// FromNow, as the number to go on from, leaves out everything that was.
const FromNow uint64 = math.MaxUint64

// Events calls f with every transition after the number since, in order. With
// follow it goes on until ctx ends, the initiator ends (then it returns nil)
// or f returns an error, which it returns; without, until the newest one.
func (c *Client) Events(ctx context.Context, since uint64, follow bool, f func(supervise.Transition) error) error {
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
	defer res.Body.Close()
	err = readTransitions(res.Body, f)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// readTransitions reads server-sent events. Only their data matters here: the number
// is part of it.
func readTransitions(from io.Reader, f func(supervise.Transition) error) error {
	in := bufio.NewReader(from)
	for {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		data, ok := strings.CutPrefix(line, "data:")
		if !ok {
			continue
		}
		var t supervise.Transition
		if err := json.Unmarshal([]byte(data), &t); err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if err := f(t); err != nil {
			return err
		}
	}
}
