package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// fixed is a house in which nothing happens.
type fixed struct {
	workers []supervise.Worker
	stuck   bool
	ending  chan struct{}
}

func (f *fixed) Workers() []supervise.Worker { return f.workers }

func (f *fixed) Events(uint64) ([]supervise.Transition, <-chan struct{}) { return nil, nil }

func (f *fixed) Ending() <-chan struct{} { return f.ending }

func (f *fixed) Alive(ctx context.Context) error {
	if f.stuck {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// heard is a manager that remembers what it was told.
type heard struct {
	said []string
	deaf bool
}

func (h *heard) Send(assignments ...string) error {
	h.said = append(h.said, assignments...)
	if h.deaf {
		return errors.New("notify the service manager: gone")
	}
	return nil
}

func (h *heard) count(what string) (n int) {
	for _, s := range h.said {
		if strings.HasPrefix(s, what) {
			n++
		}
	}
	return n
}

// told runs a service for some time.
func told(t *testing.T, house *fixed, limit, lasts time.Duration) *heard {
	t.Helper()
	h := &heard{}
	synctest.Test(t, func(*testing.T) {
		house.ending = make(chan struct{})
		s := &serviceNotifier{
			to: h, every: min(defaultInterval, limit/2), watched: true, log: hclog.NewNullLogger(),
			wanted: func(string) bool { return true },
		}
		over, end := context.WithTimeout(context.Background(), lasts)
		defer end()
		s.notifyUntil(over, context.Background(), house)
	})
	return h
}

var up = supervise.Worker{Name: "w", State: lifecycle.Running, Ready: true, Incarnation: 1}

func TestTheWatchdogIsFedInTime(t *testing.T) {
	h := told(t, &fixed{workers: []supervise.Worker{up}}, 6*time.Second, 61*time.Second)
	if n := h.count("WATCHDOG=1"); n != 1+20 { // at once, and each half of the time
		t.Errorf("%d signs of life", n)
	}
	if n := h.count("READY=1"); n != 1 {
		t.Errorf("READY was said %d times", n)
	}
	if n := h.count("EXTEND"); n != 1 { // until it was ready
		t.Errorf("more time was asked for %d times", n)
	}
}

// A loop that is stuck must be found out: nothing is said that would keep the
// manager waiting.
func TestAStuckHouseIsSilent(t *testing.T) {
	h := told(t, &fixed{workers: []supervise.Worker{up}, stuck: true}, 6*time.Second, time.Minute)
	if n := h.count("WATCHDOG=1") + h.count("EXTEND"); n != 0 {
		t.Errorf("it said %q", h.said)
	}
}

func TestReadyIsSaidWhenNobodyIsToBeWaitedFor(t *testing.T) {
	rest := func(s lifecycle.State) supervise.Worker {
		return supervise.Worker{Name: "x", State: s, Incarnation: 1, Reason: "why"}
	}
	dying := rest(lifecycle.Backoff)
	dying.Deaths = maxEarlyDeaths
	after := supervise.Worker{Name: "y", State: lifecycle.Stopped, WaitsFor: []string{"x:ready"}}
	for _, c := range []struct {
		name  string
		list  []supervise.Worker
		ready bool
		says  string
	}{
		{"nobody", nil, true, "0 of 0 workers ready"},
		{"all ready", []supervise.Worker{up, up}, true, "2 of 2 workers ready"},
		{"one starts", []supervise.Worker{up, rest(lifecycle.Starting)}, false, "1 of 2 workers ready; x is STARTING: why"},
		{"one is about to start", []supervise.Worker{{Name: "x"}}, false, "0 of 0 workers ready"},
		{"one was given up", []supervise.Worker{up, rest(lifecycle.Fatal)}, true, "1 of 2 workers ready; x is FATAL: why"},
		{"one is done", []supervise.Worker{up, rest(lifecycle.Exited)}, true, "1 of 1 worker ready"},
		{"one has died", []supervise.Worker{rest(lifecycle.Backoff)}, false, "0 of 1 worker ready; x is BACKOFF: why"},
		{"one dies again and again", []supervise.Worker{up, dying}, true, "1 of 2 workers ready; x is BACKOFF: why"},
		{"one waits for it", []supervise.Worker{dying, after}, true, "0 of 2 workers ready; x is BACKOFF: why, y is STOPPED: "},
		{"one waits for one that starts", []supervise.Worker{rest(lifecycle.Starting), after}, false, "0 of 2 workers ready; x is STARTING: why, y is STOPPED: "},
	} {
		h := told(t, &fixed{workers: c.list}, time.Minute, time.Second)
		if got := h.count("READY=1") == 1; got != c.ready {
			t.Errorf("%s: ready %v: %q", c.name, got, h.said)
		}
		if !slices.Contains(h.said, "STATUS="+strings.TrimSpace(c.says)) {
			t.Errorf("%s: no %q in %q", c.name, c.says, h.said)
		}
	}
}

func TestTheEndIsSaidOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		house := &fixed{ending: make(chan struct{})}
		h := &heard{deaf: true} // which changes nothing
		s := &serviceNotifier{to: h, every: time.Second, log: hclog.NewNullLogger()}
		over, end := context.WithCancel(t.Context())
		running, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.notifyUntil(over, running, house)
		}()
		synctest.Wait()
		close(house.ending)
		stop()
		synctest.Wait()
		<-time.After(3500 * time.Millisecond) // of the bubble's clock
		end()
		<-done
		if h.count("STOPPING=1") != 1 || h.count("EXTEND") != 1+1+3 {
			t.Errorf("it said %q", h.said)
		}
	})
}
