package dispatch

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/queue/store/storetest"
)

// once is a pool whose tasks run at most once.
var once = Pool{Name: "p", Policy: task.Policy{Attempts: 3, AtMostOnce: true}}

// An attempt that reached a worker is the only one, however the worker ends.
func TestDeliveredOnce(t *testing.T) {
	for cause, want := range map[lifecycle.DetachCause]task.Outcome{
		lifecycle.DetachDied:        task.OutcomeSuspected,
		lifecycle.DetachRequested:   task.OutcomeReleased,
		lifecycle.DetachInterrupted: task.OutcomeInterrupted,
	} {
		h := newTestDispatcher(t, once)
		g := newGate(h)
		h.attachWorker("p", "a", 2, g.handler("g"))
		one, two := h.mustSubmit(task.Request{Pool: "p"}), h.mustSubmit(task.Request{Pool: "p"})
		g.next(t)
		g.next(t)
		h.d.DetachWorker("a", 1, cause, "it has ended")
		for _, id := range []task.Task{one, two} {
			got := h.mustWait(id.ID)
			if got.State != task.Dead || got.LastOutcome() != want || !strings.Contains(got.Reason, "at_most_once allows no other attempt") {
				t.Errorf("cause %d: %+v", cause, got)
			}
		}
	}
}

// A task that every worker refused, or that never reached its worker, is offered
// again.
func TestRefusedThenDeliveredOnce(t *testing.T) {
	h := newTestDispatcher(t, once)
	h.attachRefusingWorker("a", 3, 10*time.Millisecond, echo)
	h.attachRefusingWorker("b", 3, 10*time.Millisecond, echo)
	if got := h.mustEnd(task.Request{Pool: "p"}, task.Completed); len(got.History) < 3 {
		t.Errorf("%+v", got)
	}
}

// A retryable failure of a task that runs at most once ends it. A request can
// replace the policy of its pool.
func TestFailedOnce(t *testing.T) {
	h := newTestDispatcher(t, once)
	failing, calls := failingHandler("h", 1)
	h.attachWorker("p", "a", 1, failing)
	h.mustEnd(task.Request{Pool: "p"}, task.Dead)
	if n := calls.Load(); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	calls.Store(0)
	again := false
	if got := h.mustEnd(task.Request{Pool: "p", AtMostOnce: &again}, task.Failed); got.Attempt != 2 {
		t.Errorf("%+v", got)
	}
}

// A task that was running when the initiator was killed is not run again.
func TestKilledWhileRunningOnce(t *testing.T) {
	disk := storetest.New(1)
	h := newTestDispatcherOver(t, openStored(t, disk), once)
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	one := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	left := disk.AfterPowerLoss(1)

	h = newTestDispatcherOver(t, openStored(t, left), once)
	h.attachWorker("p", "w2", 1, echo)
	if got := h.mustWait(one.ID); got.State != task.Dead || got.LastOutcome() != task.OutcomeInterrupted || !got.Policy.AtMostOnce {
		t.Errorf("%+v", got)
	}
}

// A legacy worker that ran a task and lost the connection before its answer would
// run a repeated request as a new task.
func TestLegacyWorkerGetsARequestOnce(t *testing.T) {
	h := newTestDispatcher(t, once)
	s := newDingSlave(t)
	s.cut.Store(true)
	h.attachDing("w", s)
	got := h.mustEnd(task.Request{Pool: "p", Data: rawJSON(`{}`)}, task.Dead)
	if len(s.started) != 1 || got.LastOutcome() != task.OutcomeLost {
		t.Errorf("sent %d times: %+v", len(s.started), got)
	}
}
