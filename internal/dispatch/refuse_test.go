package dispatch

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/worker"
)

// refuser is a worker that refuses the first so many tasks.
func (h *house) refuser(guid string, times int64, after time.Duration, then worker.Handler) *atomic.Int64 {
	asked := &atomic.Int64{}
	url, _ := h.start(worker.Options{
		Slots: 1, Handlers: []worker.Handler{then},
		Hooks: worker.Hooks{BeforeTask: func(context.Context, worker.Task) error {
			if asked.Add(1) <= times {
				return worker.TaskRefuse{RetryAfter: after}
			}
			return nil
		}},
	})
	h.attach(Attachment{GUID: guid, Incarnation: 1, Pool: "p", URL: url, Slots: 1})
	return asked
}

func TestRefusalTriesTheOthersAtOnce(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	for _, guid := range []string{"a", "b", "c"} {
		h.refuser(guid, 1<<40, time.Hour, echo)
	}
	g := newGate(h)
	h.worker("p", "taker", 1, g.handler("g"))
	g.let()
	for range 5 {
		got := h.ends(task.Request{Pool: "p"}, task.Completed)
		if last := got.History[len(got.History)-1]; last.Worker != "taker" || got.Attempt != 1 {
			t.Errorf("attempt %d, history %+v", got.Attempt, got.History)
		}
	}
}

func TestRefusalByAllWaitsAndCostsNoAttempt(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	a := h.refuser("a", 1, 10*time.Millisecond, echo)
	b := h.refuser("b", 1, 10*time.Millisecond, echo)
	got := h.ends(task.Request{Pool: "p"}, task.Completed)
	if got.Attempt != 1 || len(got.History) != 3 || a.Load()+b.Load() != 3 {
		t.Errorf("attempt %d, history %+v", got.Attempt, got.History)
	}
	h.inLoop(func() {
		if n := len(h.d.pools["p"].refused); n != 0 {
			t.Errorf("%d refusals are still noted", n)
		}
	})
}

func TestRefusedTaskWaitsAsLongAsTheWorkerSaid(t *testing.T) {
	h := newHouse(t, def("p"))
	h.refuser("a", 1<<40, 55*time.Second, echo)
	one := h.submit(task.Request{Pool: "p"})
	got := h.until(one.ID, "was refused", func(t task.Task) bool { return !t.NotBefore.IsZero() })
	if d := got.NotBefore.Sub(got.Submitted); got.State != task.Queued || d < 55*time.Second || d > 55*time.Second+patience {
		t.Errorf("it is %s for %v", got.State, d)
	}
	if got.LastOutcome() != task.OutcomeRefused {
		t.Errorf("history %+v", got.History)
	}
}

// What waits for another worker because this one refused must not wait for
// ever when that one goes.
func TestRefusedTaskDoesNotWaitForAWorkerThatHasGone(t *testing.T) {
	for name, gone := range map[string]func(*house){
		"detached": func(h *house) { h.d.DetachWorker("busy", 1, "test") },
		"drained":  func(h *house) { h.d.DrainWorker("busy", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, def("p"))
			g := newGate(h)
			h.worker("p", "busy", 1, g.handler("g"))
			h.submit(task.Request{Pool: "p"})
			g.next(t)
			h.refuser("once", 1, time.Millisecond, echo)
			one := h.submit(task.Request{Pool: "p"})
			h.until(one.ID, "was refused", func(t task.Task) bool { return t.LastOutcome() == task.OutcomeReleased })
			gone(h)
			if got := h.wait(one.ID); got.State != task.Completed || got.Attempt != 1 {
				t.Errorf("%s, attempt %d, %+v", got.State, got.Attempt, got.History)
			}
		})
	}
}

// A worker with fewer slots than it promised says 601: the task goes on to
// another, or waits, and pays nothing.
func TestBusyCostsNothing(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	g := newGate(h)
	w := h.worker("p", "w", 1, g.handler("g"))
	h.inLoop(func() { h.d.workers[workerID{w.GUID, 1}].slots = 3 }) // it will not hold
	var ids []task.Task
	for range 3 {
		ids = append(ids, h.submit(task.Request{Pool: "p"}))
	}
	turned := func() (n int) {
		for _, one := range ids {
			got, _ := h.d.Get(h.ctx, one.ID)
			n += len(got.History)
		}
		return n
	}
	for turned() < 3 {
		h.inLoop(func() {})
	}
	g.let()
	for _, one := range ids {
		if got := h.wait(one.ID); got.State != task.Completed || got.Attempt != 1 {
			t.Errorf("%s, attempt %d", got.State, got.Attempt)
		}
	}
	if g.most.Load() > 1 {
		t.Error("the worker ran more than its slot")
	}
}

// A worker that ends by itself answers 101; its tasks go to others.
func TestShuttingDownWorkerGetsNoMore(t *testing.T) {
	h := newHouse(t, def("p"))
	g := newGate(h)
	url, stop := h.start(worker.Options{Slots: 2, Handlers: []worker.Handler{g.handler("g")}})
	h.attach(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 2})
	running := h.submit(task.Request{Pool: "p"})
	g.next(t)
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	// It is draining as soon as it says so; what is given to it before that
	// runs there.
	var later []task.Task
	for leaving := false; !leaving; {
		one := h.submit(task.Request{Pool: "p"})
		later = append(later, one)
		h.until(one.ID, "was given away or back", func(t task.Task) bool { return len(t.History) > 0 })
		h.inLoop(func() {
			p := h.d.workers[workerID{"w", 1}]
			leaving = p.leaving || len(p.running) == 2
		})
	}
	h.worker("p", "next", 1, echo)
	g.let()
	if got := h.wait(running.ID); got.State != task.Completed || len(got.History) != 1 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
	<-ended
	h.d.DetachWorker("w", 1, "ended by itself") // what was on its way to it comes back
	for _, one := range later {
		if got := h.wait(one.ID); got.State != task.Completed {
			t.Errorf("%s, attempt %d %+v", got.State, got.Attempt, got.History)
		}
	}
	if n := h.verdicts.count(verdict{"drained", "w", 1}); n != 0 {
		t.Error("nobody asked it to drain")
	}
}
