package dispatch

import (
	"errors"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/worker"
)

func seconds(d time.Duration) *task.Seconds { s := task.Seconds(d); return &s }

func TestAttemptTimesOut(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	h.worker("p", "w", 1, g.handler("g"))
	got := h.ends(task.Request{Pool: "p", Timeout: seconds(50 * time.Millisecond)}, task.Dead)
	if len(got.History) != 2 || got.LastOutcome() != task.OutcomeTimedOut {
		t.Errorf("history %+v", got.History)
	}
}

func TestDeadlineInFlight(t *testing.T) {
	h := newHouse(t, def("p"))
	g := newGate(h)
	g.deaf = true
	h.worker("p", "w", 1, g.handler("g"))
	one := h.submit(task.Request{Pool: "p", Deadline: time.Now().Add(300 * time.Millisecond)})
	g.next(t)
	got := h.wait(one.ID)
	if got.State != task.Failed || got.LastOutcome() != task.OutcomeDeadline || len(got.History) != 1 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
}

func TestDeadlineInTheQueue(t *testing.T) {
	h := newHouse(t, def("p"))
	got := h.ends(task.Request{Pool: "p", Deadline: time.Now().Add(50 * time.Millisecond)}, task.Failed)
	if len(got.History) != 0 {
		t.Errorf("history %+v", got.History)
	}
}

func TestDelayedTaskRunsLater(t *testing.T) {
	h := newHouse(t, def("p"))
	h.worker("p", "w", 1, echo)
	got := h.ends(task.Request{Pool: "p", Delay: task.Seconds(100 * time.Millisecond)}, task.Completed)
	if d := got.Started.Sub(got.Submitted); d < 100*time.Millisecond {
		t.Errorf("it ran after %v", d)
	}
}

func TestCancelBeforeDuringAfter(t *testing.T) {
	h := newHouse(t, def("p"))
	g := newGate(h)
	h.worker("p", "w", 1, g.handler("g"))
	during := h.submit(task.Request{Pool: "p"})
	g.next(t)
	before := h.submit(task.Request{Pool: "p"})
	if got, err := h.d.Cancel(h.ctx, before.ID, "not needed"); err != nil || got.State != task.Cancelled {
		t.Errorf("before: %s %v", got.State, err)
	}
	for range 3 { // asking twice changes nothing
		if got, err := h.d.Cancel(h.ctx, during.ID, "changed my mind"); err != nil || got.State.Terminal() && got.State != task.Cancelled {
			t.Errorf("during: %s %v", got.State, err)
		}
	}
	got := h.wait(during.ID)
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
	h.ends(task.Request{Pool: "p"}, task.Completed) // the slot is free again
}

// What was cancelled is not tried again, also when its attempt times out or
// its worker dies before it has stopped.
func TestCancelledIsNotTriedAgain(t *testing.T) {
	for name, end := range map[string]func(*house){
		"worker dies":  func(h *house) { h.d.DetachWorker("w", 1, "killed") },
		"it times out": func(*house) {},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, def("p"))
			g := newGate(h)
			g.deaf = true
			h.worker("p", "w", 1, g.handler("g"))
			one := h.submit(task.Request{Pool: "p", Timeout: seconds(400 * time.Millisecond)})
			g.next(t)
			if _, err := h.d.Cancel(h.ctx, one.ID, "stop"); err != nil {
				t.Fatal(err)
			}
			end(h)
			if got := h.wait(one.ID); got.State != task.Cancelled || len(got.History) != 1 {
				t.Errorf("%s, %+v", got.State, got.History)
			}
		})
	}
}

// A task that does not stop has its worker ended: it pays, its neighbours do
// not, and its slot is not given away before that.
func TestStuckTask(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	deaf, polite := newGate(h), newGate(h)
	deaf.deaf = true
	url, _ := h.start(worker.Options{Slots: 2, Handlers: []worker.Handler{deaf.handler("deaf"), polite.handler("polite")}})
	h.attach(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 2, Span: 500 * time.Millisecond})
	neighbour := h.submit(task.Request{Pool: "p.polite"})
	culprit := h.submit(task.Request{Pool: "p.deaf", Timeout: seconds(100 * time.Millisecond)})
	polite.next(t)
	deaf.next(t)
	h.verdicts.await(t, verdict{"stuck", "w", 1})
	h.inLoop(func() {
		p := h.d.workers[workerID{"w", 1}]
		if len(p.running) != 2 || p.freeSlots() != 0 {
			t.Errorf("%d run, %d free", len(p.running), p.freeSlots())
		}
	})
	h.d.DetachWorker("w", 1, "killed: stuck")
	h.worker("p", "x", 2, worker.HandleRaw("deaf", echoData), worker.HandleRaw("polite", echoData))
	got := h.wait(culprit.ID)
	if got.State != task.Completed || got.Attempt != 2 || got.History[0].Outcome != task.OutcomeTimedOut {
		t.Errorf("culprit: %s, attempt %d, %+v", got.State, got.Attempt, got.History)
	}
	got = h.wait(neighbour.ID)
	if got.State != task.Completed || got.Attempt != 1 || got.History[0].Outcome != task.OutcomeReleased {
		t.Errorf("neighbour: %s, attempt %d, %+v", got.State, got.Attempt, got.History)
	}
}

// While an attempt that is over for us still holds its slot, the next attempt
// does not go to the same worker.
func TestNextAttemptAvoidsTheWorkerThatStillRunsIt(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	g.deaf = true
	url, _ := h.start(worker.Options{Slots: 4, Handlers: []worker.Handler{g.handler("g")}})
	h.attach(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 4, Span: time.Minute})
	one := h.submit(task.Request{Pool: "p", Timeout: seconds(200 * time.Millisecond)})
	g.next(t)
	h.until(one.ID, "timed out", func(t task.Task) bool { return t.LastOutcome() == task.OutcomeTimedOut })
	h.inLoop(func() {})
	if got, _ := h.d.Get(h.ctx, one.ID); got.State != task.Queued {
		t.Fatalf("it is %s: %+v", got.State, got.History)
	}
	h.worker("p", "x", 1, echo)
	got := h.wait(one.ID)
	if got.State != task.Completed || got.History[1].Worker != "x" {
		t.Errorf("%s, %+v", got.State, got.History)
	}
	g.let() // the late result of the first attempt
	h.ends(task.Request{Pool: "p"}, task.Completed)
	if again, _ := h.d.Get(h.ctx, one.ID); again.State != task.Completed || len(again.History) != 2 {
		t.Errorf("after the late result: %+v", again)
	}
}

// Timers go with what they are for.
func TestNoTimerOutlivesItsAttempt(t *testing.T) {
	h := newHouse(t, def("p"))
	h.worker("p", "w", 4, echo)
	for range 50 {
		h.ends(task.Request{Pool: "p", Timeout: seconds(time.Hour)}, task.Completed)
	}
	h.inLoop(func() {
		if n := h.d.timers.Len(); n != 0 {
			t.Errorf("%d timers are left", n)
		}
	})
}
