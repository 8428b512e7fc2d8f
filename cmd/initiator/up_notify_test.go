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

// fixedSource is an initiator whose workers never change.
type fixedSource struct {
	workers []supervise.Worker
	stuck   bool
	ending  chan struct{}
}

func (f *fixedSource) Workers() []supervise.Worker { return f.workers }

func (f *fixedSource) Events(uint64) ([]supervise.Transition, <-chan struct{}) { return nil, nil }

func (f *fixedSource) Ending() <-chan struct{} { return f.ending }

func (f *fixedSource) Alive(ctx context.Context) error {
	if f.stuck {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// recordedMessages is a service manager that records its messages.
type recordedMessages struct {
	sent []string
	deaf bool
}

func (h *recordedMessages) Send(assignments ...string) error {
	h.sent = append(h.sent, assignments...)
	if h.deaf {
		return errors.New("notify the service manager: gone")
	}
	return nil
}

func (h *recordedMessages) countMessages(what string) (n int) {
	for _, s := range h.sent {
		if strings.HasPrefix(s, what) {
			n++
		}
	}
	return n
}

// notifiedBy runs a serviceNotifier for some time.
func notifiedBy(t *testing.T, source *fixedSource, limit, lasts time.Duration) *recordedMessages {
	t.Helper()
	h := &recordedMessages{}
	synctest.Test(t, func(*testing.T) {
		source.ending = make(chan struct{})
		s := &serviceNotifier{
			to: h, every: min(defaultInterval, limit/2), watched: true, log: hclog.NewNullLogger(),
			startsItself: func(string) bool { return true },
		}
		over, end := context.WithTimeout(context.Background(), lasts)
		defer end()
		s.notifyUntil(over, context.Background(), source)
	})
	return h
}

var readyWorker = supervise.Worker{Name: "w", State: lifecycle.Running, Ready: true, Incarnation: 1}

func TestTheWatchdogIsFedInTime(t *testing.T) {
	h := notifiedBy(t, &fixedSource{workers: []supervise.Worker{readyWorker}}, 6*time.Second, 61*time.Second)
	if n := h.countMessages("WATCHDOG=1"); n != 1+20 { // at once, and each half of the time
		t.Errorf("%d signs of life", n)
	}
	if n := h.countMessages("READY=1"); n != 1 {
		t.Errorf("READY was sent %d times", n)
	}
	if n := h.countMessages("EXTEND"); n != 1 { // until it was ready
		t.Errorf("more time was asked for %d times", n)
	}
}

// While a loop is stuck, no message is sent that would extend the time-out of
// the manager.
func TestAStuckInitiatorSendsNothing(t *testing.T) {
	h := notifiedBy(t, &fixedSource{workers: []supervise.Worker{readyWorker}, stuck: true}, 6*time.Second, time.Minute)
	if n := h.countMessages("WATCHDOG=1") + h.countMessages("EXTEND"); n != 0 {
		t.Errorf("the messages are %q", h.sent)
	}
}

func TestReadyWaitsOnlyForWorkersThatMayBecomeReady(t *testing.T) {
	rest := func(s lifecycle.State) supervise.Worker {
		return supervise.Worker{Name: "x", State: s, Incarnation: 1, Reason: "why"}
	}
	dying := rest(lifecycle.Backoff)
	dying.DeathsInARow = lifecycle.FailingAfter
	after := supervise.Worker{Name: "y", State: lifecycle.Stopped, WaitsFor: []string{"x:ready"}}
	for _, c := range []struct {
		name  string
		list  []supervise.Worker
		ready bool
		says  string
	}{
		{"no workers", nil, true, "0 of 0 workers ready"},
		{"all ready", []supervise.Worker{readyWorker, readyWorker}, true, "2 of 2 workers ready"},
		{"one starts", []supervise.Worker{readyWorker, rest(lifecycle.Starting)}, false, "1 of 2 workers ready; x is STARTING: why"},
		{"one is about to start", []supervise.Worker{{Name: "x"}}, false, "0 of 0 workers ready"},
		{"one was given up", []supervise.Worker{readyWorker, rest(lifecycle.Fatal)}, true, "1 of 2 workers ready; x is FATAL: why"},
		{"one is done", []supervise.Worker{readyWorker, rest(lifecycle.Exited)}, true, "1 of 1 worker ready"},
		{"one has died", []supervise.Worker{rest(lifecycle.Backoff)}, false, "0 of 1 worker ready; x is BACKOFF: why"},
		{"one dies again and again", []supervise.Worker{readyWorker, dying}, true, "1 of 2 workers ready; x is BACKOFF: why"},
		{"one waits for it", []supervise.Worker{dying, after}, true, "0 of 2 workers ready; x is BACKOFF: why, y is STOPPED: "},
		{"one waits for one that starts", []supervise.Worker{rest(lifecycle.Starting), after}, false, "0 of 2 workers ready; x is STARTING: why, y is STOPPED: "},
	} {
		h := notifiedBy(t, &fixedSource{workers: c.list}, time.Minute, time.Second)
		if got := h.countMessages("READY=1") == 1; got != c.ready {
			t.Errorf("%s: ready %v: %q", c.name, got, h.sent)
		}
		if !slices.Contains(h.sent, "STATUS="+strings.TrimSpace(c.says)) {
			t.Errorf("%s: no %q in %q", c.name, c.says, h.sent)
		}
	}
}

func TestStoppingIsSentOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source := &fixedSource{ending: make(chan struct{})}
		h := &recordedMessages{deaf: true} // which changes nothing
		s := &serviceNotifier{to: h, every: time.Second, log: hclog.NewNullLogger()}
		over, end := context.WithCancel(t.Context())
		running, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.notifyUntil(over, running, source)
		}()
		synctest.Wait()
		close(source.ending)
		stop()
		synctest.Wait()
		<-time.After(3500 * time.Millisecond) // of the bubble's clock
		end()
		<-done
		if h.countMessages("STOPPING=1") != 1 || h.countMessages("EXTEND") != 1+1+3 {
			t.Errorf("the messages are %q", h.sent)
		}
	})
}
