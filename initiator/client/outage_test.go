//go:build unix

package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"initiator/internal/stream"
)

// Each error is either passing or final.
func TestPassingErrors(t *testing.T) {
	refused := &UnreachableError{"/s", syscall.ECONNREFUSED}
	for _, c := range []struct {
		err  error
		want bool
	}{
		{refused, true},
		{fmt.Errorf("wait: %w", refused), true},
		{&UnreachableError{"/s", fs.ErrNotExist}, true},
		{&UnreachableError{"/s", syscall.EACCES}, false},
		{&brokenConnError{"GET /tasks", syscall.ECONNRESET}, true},
		{&Error{Status: 503}, true},
		{&Error{Status: 503, RetryAfter: time.Second}, false}, // the disk is full
		{&Error{Status: 429, RetryAfter: time.Second}, false},
		{&Error{Status: 404}, false},
		{stream.ErrUnsupported, false},
		{ErrClosed, false},
		{context.Canceled, false},
		{errors.New("another error"), false},
	} {
		if got := isPassing(c.err); got != c.want {
			t.Errorf("%v: passing %v, want %v", c.err, got, c.want)
		}
	}
}

// waitFor waits on a client as a request does that fails for so long.
func waitFor(ctx context.Context, o *outage, away time.Duration) error {
	begin := time.Now()
	w := o.startWait(&UnreachableError{"/s", syscall.ECONNREFUSED})
	for w.pause(ctx) {
		if time.Since(begin) >= away {
			w.endAnswered()
			return nil
		}
	}
	return w.giveUp(ctx)
}

// A user is told once after 2 s, and once when the initiator is back, however many
// requests wait.
func TestOutageIsToldOnce(t *testing.T) {
	for _, c := range []struct {
		away time.Duration
		want string
	}{
		{time.Second, ""},
		{10 * time.Second, "2s: away, 28s left; 10s: back; "},
		{time.Minute, "2s: away, 28s left; "},
	} {
		synctest.Test(t, func(t *testing.T) {
			said, begin := "", time.Now()
			o := &outage{limit: 30 * time.Second, notify: func(n Outage) {
				at := time.Since(begin).Truncate(time.Second)
				if said += fmt.Sprintf("%v: ", at); n.Over {
					said += "back; "
				} else {
					said += fmt.Sprintf("away, %v left; ", n.Left)
				}
			}}
			var all sync.WaitGroup
			for range 100 {
				all.Go(func() {
					err := waitFor(t.Context(), o, c.away)
					var away *OutageError
					if c.away <= o.limit && err != nil || c.away > o.limit && (!errors.As(err, &away) || away.Sent || away.Waited != o.limit) {
						t.Errorf("away for %v: %v", c.away, err)
					}
				})
			}
			all.Wait()
			if said != c.want || o.waiting != 0 {
				t.Errorf("away for %v: %q, want %q; %d still wait", c.away, said, c.want, o.waiting)
			}
		})
	}
}

// A wait takes at most the limit, and ends with its context.
func TestOutageWaitIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &outage{limit: 30 * time.Second}
		begin := time.Now()
		if err := waitFor(t.Context(), o, time.Hour); err == nil || time.Since(begin) != o.limit {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		reason := errors.New("the reason")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, reason)
		defer cancel()
		if err := waitFor(ctx, o, time.Hour); !errors.Is(err, reason) {
			t.Errorf("%v, want the reason", err)
		}
	})
}
