package dispatch

import (
	"errors"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/worker"
)

func secondsOf(d time.Duration) *task.Seconds { s := task.Seconds(d); return &s }

func TestAttemptTimesOut(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	got := h.mustEnd(task.Request{Pool: "p", Timeout: secondsOf(50 * time.Millisecond)}, task.Dead)
	if len(got.History) != 2 || got.LastOutcome() != task.OutcomeTimedOut {
		t.Errorf("history %+v", got.History)
	}
}

func TestDeadlineInFlight(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	g.deaf = true
	h.attachWorker("p", "w", 1, g.handler("g"))
	one := h.mustSubmit(task.Request{Pool: "p", Deadline: time.Now().Add(300 * time.Millisecond)})
	g.next(t)
	got := h.mustWait(one.ID)
	if got.State != task.Failed || got.LastOutcome() != task.OutcomeDeadline || len(got.History) != 1 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
}

func TestDeadlineInTheQueue(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	got := h.mustEnd(task.Request{Pool: "p", Deadline: time.Now().Add(50 * time.Millisecond)}, task.Failed)
	if len(got.History) != 0 {
		t.Errorf("history %+v", got.History)
	}
}

func TestDelayedTaskRunsLater(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 1, echo)
	got := h.mustEnd(task.Request{Pool: "p", Delay: task.Seconds(100 * time.Millisecond)}, task.Completed)
	if d := got.Started.Sub(got.Submitted); d < 100*time.Millisecond {
		t.Errorf("it ran after %v", d)
	}
}

func TestCancelBeforeDuringAfter(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	during := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	before := h.mustSubmit(task.Request{Pool: "p"})
	if got, err := h.d.Cancel(h.ctx, before.ID, "not needed"); err != nil || got.State != task.Cancelled {
		t.Errorf("before: %s %v", got.State, err)
	}
	for range 3 { // a repetition changes nothing
		if got, err := h.d.Cancel(h.ctx, during.ID, "changed my mind"); err != nil || got.State.Terminal() && got.State != task.Cancelled {
			t.Errorf("during: %s %v", got.State, err)
		}
	}
	got := h.mustWait(during.ID)
	if got.State != task.Cancelled || got.LastOutcome() != task.OutcomeCancelled || got.History[0].Error != "changed my mind" {
		t.Errorf("during: %s, %+v", got.State, got.History)
	}
	if _, err := h.d.Cancel(h.ctx, during.ID, ""); !errors.Is(err, task.ErrConflict) {
		t.Errorf("after: %v", err)
	}
	if n := len(g.began); n != 0 {
		t.Errorf("the cancelled task began %d times", n)
	}
	g.let()
	h.mustEnd(task.Request{Pool: "p"}, task.Completed) // the slot is free again
}

// A cancelled task is not tried again, also when its attempt times out or its
// worker dies before the task has stopped.
func TestCancelledIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*testDispatcher){
		"worker dies":  func(h *testDispatcher) { h.d.DetachWorker("w", 1, lifecycle.DetachDied, "killed") },
		"it times out": func(*testDispatcher) {},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTestDispatcher(t, newPool("p"))
			g := newGate(h)
			g.deaf = true
			h.attachWorker("p", "w", 1, g.handler("g"))
			one := h.mustSubmit(task.Request{Pool: "p", Timeout: secondsOf(400 * time.Millisecond)})
			g.next(t)
			if _, err := h.d.Cancel(h.ctx, one.ID, "stop"); err != nil {
				t.Fatal(err)
			}
			end(h)
			if got := h.mustWait(one.ID); got.State != task.Cancelled || len(got.History) != 1 {
				t.Errorf("%s, %+v", got.State, got.History)
			}
		})
	}
}

// The worker of a task that does not stop is ended. The task is charged, its
// neighbours are not, and its slot is not given away before.
func TestStuckTask(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	deaf, polite := newGate(h), newGate(h)
	deaf.deaf = true
	url, _ := h.startWorkerProcess(worker.Options{Slots: 2, Handlers: []worker.Handler{deaf.handler("deaf"), polite.handler("polite")}})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 2, Span: 500 * time.Millisecond})
	neighbour := h.mustSubmit(task.Request{Pool: "p.polite"})
	suspect := h.mustSubmit(task.Request{Pool: "p.deaf", Timeout: secondsOf(100 * time.Millisecond)})
	polite.next(t)
	deaf.next(t)
	h.observer.waitFor(t, observation{"stuck", "w", 1})
	h.runInLoop(func() {
		p := h.d.workers[workerID{"w", 1}]
		if len(p.running) != 2 || p.freeSlots() != 0 {
			t.Errorf("%d run, %d free", len(p.running), p.freeSlots())
		}
	})
	h.d.DetachWorker("w", 1, lifecycle.DetachDied, "killed: stuck")
	h.attachWorker("p", "x", 2, worker.HandleRaw("deaf", echoData), worker.HandleRaw("polite", echoData))
	got := h.mustWait(suspect.ID)
	if got.State != task.Completed || got.Attempt != 2 || got.History[0].Outcome != task.OutcomeTimedOut {
		t.Errorf("suspect: %s, attempt %d, %+v", got.State, got.Attempt, got.History)
	}
	got = h.mustWait(neighbour.ID)
	if got.State != task.Completed || got.Attempt != 1 || got.History[0].Outcome != task.OutcomeReleased {
		t.Errorf("neighbour: %s, attempt %d, %+v", got.State, got.Attempt, got.History)
	}
}

// While an ended attempt still holds its slot, the next attempt does not go to
// the same worker.
func TestNextAttemptAvoidsTheWorkerThatStillRunsIt(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	g.deaf = true
	url, _ := h.startWorkerProcess(worker.Options{Slots: 4, Handlers: []worker.Handler{g.handler("g")}})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 4, Span: time.Minute})
	one := h.mustSubmit(task.Request{Pool: "p", Timeout: secondsOf(200 * time.Millisecond)})
	g.next(t)
	h.waitUntil(one.ID, "timed out", func(t task.Task) bool { return t.LastOutcome() == task.OutcomeTimedOut })
	h.runInLoop(func() {})
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Queued {
		t.Fatalf("it is %s: %+v", got.State, got.History)
	}
	h.attachWorker("p", "x", 1, echo)
	got := h.mustWait(one.ID)
	if got.State != task.Completed || got.History[1].Worker != "x" {
		t.Errorf("%s, %+v", got.State, got.History)
	}
	g.let() // the late result of the first attempt
	h.mustEnd(task.Request{Pool: "p"}, task.Completed)
	if again, _ := h.d.Get(h.ctx, one.ID); again.State != task.Completed || len(again.History) != 2 {
		t.Errorf("after the late result: %+v", again)
	}
}

// Timers are removed with their attempts and workers.
func TestNoTimerOutlivesItsAttempt(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 4, echo)
	for range 50 {
		h.mustEnd(task.Request{Pool: "p", Timeout: secondsOf(time.Hour)}, task.Completed)
	}
	h.runInLoop(func() {
		if n := h.d.timers.Len(); n != 0 {
			t.Errorf("%d timers are left", n)
		}
	})
}
