package dispatch

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/worker"
)

// attachRefusingWorker attaches a worker that refuses that many tasks.
func (h *testDispatcher) attachRefusingWorker(guid string, times int64, after time.Duration, then worker.Handler) *atomic.Int64 {
	asked := &atomic.Int64{}
	url, _ := h.startWorkerProcess(worker.Options{
		Slots: 1, Handlers: []worker.Handler{then},
		Hooks: worker.Hooks{BeforeTask: func(context.Context, worker.Task) error {
			if asked.Add(1) <= times {
				return worker.TaskRefuse{RetryAfter: after}
			}
			return nil
		}},
	})
	h.attachConnected(Attachment{GUID: guid, Incarnation: 1, Pool: "p", URL: url, Slots: 1})
	return asked
}

func TestRefusalTriesTheOthersAtOnce(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	for _, guid := range []string{"a", "b", "c"} {
		h.attachRefusingWorker(guid, 1<<40, time.Hour, echo)
	}
	g := newGate(h)
	h.attachWorker("p", "taker", 1, g.handler("g"))
	g.let()
	for range 5 {
		got := h.mustEnd(task.Request{Pool: "p"}, task.Completed)
		if last := got.History[len(got.History)-1]; last.Worker != "taker" || got.Attempt != 1 {
			t.Errorf("attempt %d, history %+v", got.Attempt, got.History)
		}
	}
}

func TestRefusalByAllWaitsAndCostsNoAttempt(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	a := h.attachRefusingWorker("a", 1, 10*time.Millisecond, echo)
	b := h.attachRefusingWorker("b", 1, 10*time.Millisecond, echo)
	got := h.mustEnd(task.Request{Pool: "p"}, task.Completed)
	if got.Attempt != 1 || len(got.History) != 3 || a.Load()+b.Load() != 3 {
		t.Errorf("attempt %d, history %+v", got.Attempt, got.History)
	}
	h.runInLoop(func() {
		if n := len(h.d.pools["p"].refused); n != 0 {
			t.Errorf("%d refusals are still noted", n)
		}
	})
}

func TestRefusedTaskWaitsAsLongAsTheWorkerSaid(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachRefusingWorker("a", 1<<40, 55*time.Second, echo)
	one := h.mustSubmit(task.Request{Pool: "p"})
	got := h.waitUntil(one.ID, "was refused", func(t task.Task) bool { return !t.NotBefore.IsZero() })
	if d := got.NotBefore.Sub(got.Submitted); got.State != task.Queued || d < 55*time.Second || d > 55*time.Second+patience {
		t.Errorf("it is %s for %v", got.State, d)
	}
	if got.LastOutcome() != task.OutcomeRefused {
		t.Errorf("history %+v", got.History)
	}
}

// A task waits for another worker because this worker refused it. It must not
// wait for ever when the other worker goes.
func TestRefusedTaskDoesNotWaitForAWorkerThatHasGone(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]func(*testDispatcher){
		"detached": func(h *testDispatcher) { h.d.DetachWorker("busy", 1, lifecycle.DetachDied, "test") },
		"drained":  func(h *testDispatcher) { h.d.DrainWorker("busy", 1) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newTestDispatcher(t, newPool("p"))
			g := newGate(h)
			h.attachWorker("p", "busy", 1, g.handler("g"))
			h.mustSubmit(task.Request{Pool: "p"})
			g.next(t)
			h.attachRefusingWorker("once", 1, time.Millisecond, echo)
			one := h.mustSubmit(task.Request{Pool: "p"})
			h.waitUntil(one.ID, "was refused", func(t task.Task) bool { return t.LastOutcome() == task.OutcomeReleased })
			gone(h)
			if got := h.mustWait(one.ID); got.State != task.Completed || got.Attempt != 1 {
				t.Errorf("%s, attempt %d, %+v", got.State, got.Attempt, got.History)
			}
		})
	}
}

// A worker with fewer slots than it promised answers 601: the task goes to
// another worker, or waits, and is not charged.
func TestBusyCostsNothing(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	g := newGate(h)
	w := h.attachWorker("p", "w", 1, g.handler("g"))
	h.runInLoop(func() { h.d.workers[workerID{w.GUID, 1}].slots = 3 }) // more than the worker has
	var ids []task.Task
	for range 3 {
		ids = append(ids, h.mustSubmit(task.Request{Pool: "p"}))
	}
	turned := func() (n int) {
		for _, one := range ids {
			got, _ := h.d.Get(h.ctx, one.ID)
			n += len(got.History)
		}
		return n
	}
	for turned() < 3 {
		h.runInLoop(func() {})
	}
	g.let()
	for _, one := range ids {
		if got := h.mustWait(one.ID); got.State != task.Completed || got.Attempt != 1 {
			t.Errorf("%s, attempt %d", got.State, got.Attempt)
		}
	}
	if g.most.Load() > 1 {
		t.Error("the worker ran more than its slot")
	}
}

// A worker that ends by itself answers 101. Its tasks go to other workers.
func TestShuttingDownWorkerGetsNoMore(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	url, stop := h.startWorkerProcess(worker.Options{Slots: 2, Handlers: []worker.Handler{g.handler("g")}})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 2})
	running := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	ended := make(chan struct{})
	go func() { stop(); close(ended) }()
	// The worker is draining from its answer on. A task that it got before runs
	// there.
	var later []task.Task
	for leaving := false; !leaving; {
		one := h.mustSubmit(task.Request{Pool: "p"})
		later = append(later, one)
		h.waitUntil(one.ID, "was given away or back", func(t task.Task) bool { return len(t.History) > 0 })
		h.runInLoop(func() {
			p := h.d.workers[workerID{"w", 1}]
			leaving = p.leaving || len(p.running) == 2
		})
	}
	h.attachWorker("p", "next", 1, echo)
	g.let()
	if got := h.mustWait(running.ID); got.State != task.Completed || len(got.History) != 1 {
		t.Errorf("%s, %+v", got.State, got.History)
	}
	<-ended
	h.d.DetachWorker("w", 1, lifecycle.DetachDied, "ended by itself") // a task on its way to the worker comes back
	for _, one := range later {
		if got := h.mustWait(one.ID); got.State != task.Completed {
			t.Errorf("%s, attempt %d %+v", got.State, got.Attempt, got.History)
		}
	}
	if n := h.observer.count(observation{"drained", "w", 1}); n != 0 {
		t.Error("the worker drains without a request")
	}
}
