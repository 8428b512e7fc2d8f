package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/frozentime"
	"initiator/internal/webhook"
	"initiator/worker"
)

// longGap is longer than every time-out of these tests.
var longGap = frozentime.Gap{Stopped: time.Hour}

// simulateGap tells the loop that it has not run for some time.
func (h *testDispatcher) simulateGap(g frozentime.Gap) {
	h.t.Helper()
	h.runInLoop(func() { h.d.moveTimeouts(g, time.Now()) })
}

// TestGapMovesTimesOfAttempts: a gap moves what is measured in running time. It
// does not move the deadline of a task.
func TestGapMovesTimesOfAttempts(t *testing.T) {
	t.Parallel()
	now := time.Now()
	p := &workerConn{Attachment: Attachment{Span: 3 * time.Second, Tolerance: 15 * time.Second}}
	deadline := now.Add(time.Minute)
	for _, c := range []struct {
		name                  string
		timeout, want         time.Duration // of the attempt, since now
		listed, wantListed    time.Duration
		stopping, wantStopped time.Duration
	}{
		{"in time", 30 * time.Second, 50 * time.Second, -22 * time.Second, -2 * time.Second, -21 * time.Second, -time.Second},
		{"just over", -19500 * time.Millisecond, 3 * time.Second, -34 * time.Second, -12 * time.Second, -32 * time.Second, -10 * time.Second},
		{"after the deadline", 50 * time.Second, time.Minute, -20 * time.Second, 0, -20 * time.Second, 0},
	} {
		r := &attempt{
			began: now.Add(-time.Hour), taskDeadline: deadline, timeout: now.Add(c.timeout), lastListed: now.Add(c.listed),
			lastProgress: now.Add(c.listed), progressTimeout: p.Tolerance, stopRequested: now.Add(c.stopping),
		}
		r.moveTimes(p, frozentime.Gap{Stopped: 20 * time.Second}, now, 13*time.Second)
		if r.deadline.Sub(now) != c.want || r.lastListed.Sub(now) != c.wantListed || r.lastProgress.Sub(now) != c.wantListed || r.stopRequested.Sub(now) != c.wantStopped {
			t.Errorf("%s: the time is over in %s, listed %s, progress %s, stop %s", c.name, r.deadline.Sub(now), r.lastListed.Sub(now), r.lastProgress.Sub(now), r.stopRequested.Sub(now))
		}
		if !r.taskDeadline.Equal(deadline) || !r.began.Equal(now.Add(-time.Hour)) {
			t.Errorf("%s: a time of day was moved", c.name)
		}
	}
}

// TestGapInTheLoop: a worker whose heartbeats and results could not be received
// is neither overdue nor loses its task, and it gets tasks again.
func TestGapInTheLoop(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	g := newGate(h)
	h.attachWorker("p", "w", 2, g.handler("g"))
	one := h.mustSubmit(task.Request{Pool: "p", Timeout: secondsOf(time.Hour)})
	g.next(t)
	h.runInLoop(func() { // as if an hour had passed since
		p := h.d.workers[workerID{"w", 1}]
		b := p.session.lastHeartbeat.Load()
		moved := *b
		moved.at = b.at.Add(-time.Hour)
		p.session.lastHeartbeat.Store(&moved)
		r := p.running[one.ID]
		r.lastListed, r.timeout = r.lastListed.Add(-time.Hour), r.timeout.Add(-time.Hour)
		h.d.moveTimeouts(longGap, time.Now())
		h.d.checkHeartbeats(time.Now())
	})
	if n := h.observer.count(observation{"overdue", "w", 1}); n != 0 {
		t.Errorf("the worker was overdue %d times", n)
	}
	g.let()
	if got := h.mustWait(one.ID); got.State != task.Completed || len(got.History) != 1 {
		t.Errorf("%s: %s, %+v", got.State, got.Reason, got.History)
	}
	g.let()
	h.mustEnd(task.Request{Pool: "p"}, task.Completed)
	if n := h.observer.count(observation{"connected", "w", 1}); n != 1 {
		t.Errorf("the session stood, and the worker was connected %d times", n)
	}
}

// TestWorkerThatLostItsMasterInAGap: the worker is connected again before it
// gets a task, and its attempt is interrupted, which costs nothing.
func TestWorkerThatLostItsMasterInAGap(t *testing.T) {
	t.Parallel()
	for _, webhooksOnly := range []bool{false, true} {
		t.Run(fmt.Sprintf("webhooks only %t", webhooksOnly), func(t *testing.T) {
			t.Parallel()
			checkMasterLostInGap(t, webhooksOnly)
		})
	}
}

func checkMasterLostInGap(t *testing.T, webhooksOnly bool) {
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	h.runInLoop(func() { h.d.webhooksOnly = webhooksOnly })
	g := newGate(h)
	g.deaf = true // so that it reports no failure
	url, _ := h.startWorkerProcess(worker.Options{Slots: 2, Handlers: []worker.Handler{g.handler("g")}})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 2, Span: 200 * time.Millisecond})
	one := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	h.runInLoop(func() { // the loop hears of the end of the stream after the gap
		p := h.d.workers[workerID{"w", 1}]
		// The worker does the same for itself when it loses its master.
		if e, _, err := p.client.Do(h.ctx, "DELETE", "/disconnect", p.session.token, webhook.DisconnectBody{}); err != nil || !e.Success {
			t.Errorf("disconnect: %v %+v", err, e)
		}
		h.d.moveTimeouts(longGap, time.Now())
	})
	h.observer.waitForCount(t, observation{"connected", "w", 1}, 2)
	g.let()
	got := h.mustWait(one.ID)
	if got.State != task.Completed || got.Attempt != 1 || len(got.History) != 2 || got.History[0].Outcome != task.OutcomeInterrupted {
		t.Errorf("%s, attempt %d: %s, %+v", got.State, got.Attempt, got.Reason, got.History)
	}
	if text := got.History[0].Error; text != "the initiator did not run for 1h0m0s; the worker lost its master and gave up the task" {
		t.Error(text)
	}
}

// TestSlaveThatLostItsMasterInAGap: a slave of ding accepts a new session, and
// will not report the task of the last one.
func TestSlaveThatLostItsMasterInAGap(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	s := newDingSlave(t)
	s.mute.Store(true)
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: s.url, Ding: true, Span: time.Minute})
	one := h.mustSubmit(task.Request{Pool: "p", Data: rawJSON(`{}`)})
	<-s.started
	s.mute.Store(false)
	h.simulateGap(longGap)
	got := h.mustWait(one.ID)
	if got.State != task.Completed || got.Attempt != 1 || got.History[0].Outcome != task.OutcomeInterrupted {
		t.Errorf("%s, attempt %d: %s, %+v", got.State, got.Attempt, got.Reason, got.History)
	}
}

// TestFailureAfterAGap: a failure that is reported right after a gap may be that
// of a handler whose context ended because the worker lost its master. It costs
// nothing. When the worker has shown that it still runs the task, a failure is
// a failure.
func TestFailureAfterAGap(t *testing.T) {
	t.Parallel()
	for _, confirmed := range []bool{false, true} {
		h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
		fail := make(chan bool)
		handler := worker.HandleRaw("g", func(context.Context, json.RawMessage) (json.RawMessage, error) {
			if <-fail {
				return nil, worker.TaskFail{Data: map[string]string{"message": "the master is gone"}}
			}
			return nil, nil
		})
		url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{handler}})
		h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1, Span: 200 * time.Millisecond})
		one := h.mustSubmit(task.Request{Pool: "p"})
		h.mustBe(one.ID, task.Running)
		h.simulateGap(longGap)
		for waiting := confirmed; waiting; {
			h.runInLoop(func() { waiting = !h.d.workers[workerID{"w", 1}].running[one.ID].unconfirmed.IsZero() })
		}
		fail <- true
		if confirmed {
			if got := h.mustWait(one.ID); got.State != task.Failed || len(got.History) != 1 {
				t.Errorf("%s, %s, %+v", got.State, got.Reason, got.History)
			}
			continue
		}
		fail <- false
		got := h.mustWait(one.ID)
		if got.State != task.Completed || got.Attempt != 1 || got.History[0].Outcome != task.OutcomeInterrupted || !strings.HasSuffix(got.History[0].Error, "; the worker then reported: the master is gone") {
			t.Errorf("%s, attempt %d: %s, %+v", got.State, got.Attempt, got.Reason, got.History)
		}
	}
}

// TestLostMasterWithoutAGap: the worker lost its master although the initiator
// was running, for example because of the network. The attempt is lost, and
// charged. It does not fail.
func TestLostMasterWithoutAGap(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	g.deaf = true // so that it reports no failure
	url, _ := h.startWorkerProcess(worker.Options{Slots: 2, Handlers: []worker.Handler{g.handler("g")}})
	w := h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 2, Span: 200 * time.Millisecond})
	one := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	listed := func() (is bool) {
		h.runInLoop(func() { is = h.d.workers[workerID{"w", 1}].running[one.ID].listed })
		return is
	}
	for !listed() {
	}
	h.disconnectWorker(w)
	other := h.mustSubmit(task.Request{Pool: "p"}) // shows that the session has ended
	g.let()
	g.let()
	if got := h.mustWait(other.ID); got.State != task.Completed || got.Attempt != 1 {
		t.Errorf("the other task: %s, attempt %d, %+v", got.State, got.Attempt, got.History)
	}
	got := h.mustWait(one.ID)
	if got.State != task.Completed || got.Attempt != 2 || got.History[0].Outcome != task.OutcomeLost {
		t.Errorf("%s, attempt %d: %s, %+v", got.State, got.Attempt, got.Reason, got.History)
	}
}

// TestTimeoutIsNotADeadline: the record of an attempt that ran too long does not
// speak of a deadline, also when the handler noticed it first.
func TestTimeoutIsNotADeadline(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	h.attachWorker("p", "w", 1, worker.HandleRaw("g", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, errors.Join(context.Cause(ctx))
	}))
	got := h.mustEnd(task.Request{Pool: "p", Timeout: secondsOf(50 * time.Millisecond)}, task.Dead)
	if text := got.History[0].Error; got.LastOutcome() != task.OutcomeTimedOut || !strings.HasPrefix(text, "after ") || strings.Contains(text+got.Reason, "deadline has passed") {
		t.Errorf("%s: %s", got.Reason, text)
	}
}
