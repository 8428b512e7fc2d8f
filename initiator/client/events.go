package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"initiator/initiator/report"
)

// Now is the number for Events that leaves out every past event.
const Now uint64 = math.MaxUint64

// GapError says that events were dropped before they were read: the reader was too
// slow, or the initiator does not remember events that old.
type GapError struct {
	Missed uint64 // how many events; 0 = unknown
}

// Error says how many events are missing.
func (e *GapError) Error() string {
	if e.Missed == 0 {
		return "events are missing: they were dropped before they were read"
	}
	return fmt.Sprintf("%d events are missing: they were dropped before they were read", e.Missed)
}

// Events returns every event of a worker whose number (Seq) is above since, in
// order; since 0 begins with the oldest that the initiator remembers, Now with the
// next. It goes on until ctx or the initiator ends; the pair of an error is the last,
// except of a *GapError, which stands where events are missing. The end of the
// initiator is no error.
func (c *Client) Events(ctx context.Context, since uint64) iter.Seq2[report.Event, error] {
	return c.readWorkerEvents(ctx, since, true)
}

// PastEvents returns every event of a worker whose number is above since, up to the
// newest. The events before an error are returned with it.
func (c *Client) PastEvents(ctx context.Context, since uint64) (list []report.Event, err error) {
	for e, err := range c.readWorkerEvents(ctx, since, false) {
		if gap := (*GapError)(nil); errors.As(err, &gap) {
			continue
		}
		if err != nil {
			return list, err
		}
		list = append(list, e)
	}
	return list, nil
}

func (c *Client) readWorkerEvents(ctx context.Context, since uint64, follow bool) iter.Seq2[report.Event, error] {
	q := url.Values{"since": {strconv.FormatUint(since, 10)}}
	if since == Now {
		q.Set("since", "now")
	}
	if !follow {
		q.Set("follow", "0")
	}
	return func(yield func(report.Event, error) bool) {
		last := since
		res, err := c.openResponse(ctx, http.MethodGet, "/events", q, nil)
		if err == nil {
			err = readEvents(ctx, res, func(data []byte) error {
				var e report.Event
				if err := json.Unmarshal(data, &e); err != nil {
					return fmt.Errorf("read events: %w", err)
				}
				if missed := missedEvents(last, e.Seq); missed > 0 && !yield(report.Event{}, &GapError{missed}) {
					return errStopped
				}
				last = e.Seq
				return continueWhile(yield(e, nil))
			})
		}
		yieldError(yield, err)
	}
}

// missedEvents returns the number of events between two that were read one after the
// other. Before the first event of a list that begins with the oldest, or with the
// next, none is missing.
func missedEvents(last, seq uint64) uint64 {
	if last == 0 || last == Now || seq <= last {
		return 0
	}
	return seq - last - 1
}

// continueWhile returns errStopped when the reader of an iterator wants no more.
func continueWhile(wanted bool) error {
	if wanted {
		return nil
	}
	return errStopped
}

// yieldError ends an iterator with an error, unless its reader has stopped.
func yieldError[T any](yield func(T, error) bool, err error) {
	if err != nil && !errors.Is(err, errStopped) {
		var none T
		yield(none, err)
	}
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
