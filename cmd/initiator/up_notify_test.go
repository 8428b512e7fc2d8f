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

	"initiator/initiator/report"
)

// fixedSource is an initiator whose workers never change.
type fixedSource struct {
	workers []report.Worker
	stuck   bool
	ending  chan struct{}
}

func (f *fixedSource) Workers() []report.Worker { return f.workers }

func (f *fixedSource) Events(uint64) ([]report.Event, <-chan struct{}) { return nil, nil }

func (f *fixedSource) Ending() <-chan struct{} { return f.ending }

func (f *fixedSource) Healthy(ctx context.Context) error {
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

var readyWorker = report.Worker{Name: "w", State: report.Running, Ready: true, Incarnation: 1}

func TestTheWatchdogIsFedInTime(t *testing.T) {
	h := notifiedBy(t, &fixedSource{workers: []report.Worker{readyWorker}}, 6*time.Second, 61*time.Second)
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
	h := notifiedBy(t, &fixedSource{workers: []report.Worker{readyWorker}, stuck: true}, 6*time.Second, time.Minute)
	if n := h.countMessages("WATCHDOG=1") + h.countMessages("EXTEND"); n != 0 {
		t.Errorf("the messages are %q", h.sent)
	}
}

func TestReadyWaitsOnlyForWorkersThatMayBecomeReady(t *testing.T) {
	rest := func(s report.State) report.Worker {
		return report.Worker{Name: "x", State: s, Incarnation: 1, Reason: "why"}
	}
	dying := rest(report.Backoff)
	dying.DeathsInARow = report.FailingAfter
	after := report.Worker{Name: "y", State: report.Stopped, WaitsFor: []string{"x:ready"}}
	for _, c := range []struct {
		name  string
		list  []report.Worker
		ready bool
		says  string
	}{
		{"no workers", nil, true, "0 of 0 workers ready"},
		{"all ready", []report.Worker{readyWorker, readyWorker}, true, "2 of 2 workers ready"},
		{"one starts", []report.Worker{readyWorker, rest(report.Starting)}, false, "1 of 2 workers ready; x is STARTING: why"},
		{"one is about to start", []report.Worker{{Name: "x"}}, false, "0 of 0 workers ready"},
		{"one was given up", []report.Worker{readyWorker, rest(report.Fatal)}, true, "1 of 2 workers ready; x is FATAL: why"},
		{"one is done", []report.Worker{readyWorker, rest(report.Exited)}, true, "1 of 1 worker ready"},
		{"one has died", []report.Worker{rest(report.Backoff)}, false, "0 of 1 worker ready; x is BACKOFF: why"},
		{"one dies again and again", []report.Worker{readyWorker, dying}, true, "1 of 2 workers ready; x is BACKOFF: why"},
		{"one waits for it", []report.Worker{dying, after}, true, "0 of 2 workers ready; x is BACKOFF: why, y is STOPPED: "},
		{"one waits for one that starts", []report.Worker{rest(report.Starting), after}, false, "0 of 2 workers ready; x is STARTING: why, y is STOPPED: "},
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
