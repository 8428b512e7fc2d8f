package dispatch

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
)

func TestUniqueIsOneLiveTask(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", QueueMax: 1})
	g := newGate(h)
	ask := task.Request{Pool: "p", Unique: "nightly"}
	first := h.mustSubmit(ask)
	if again := h.mustSubmit(ask); again.ID != first.ID || !again.Known || first.Known {
		t.Errorf("queued: a second submit gave %s, known %v; want %s", again.ID, again.Known, first.ID)
	}
	h.attachWorker("p", "w", 1, g.handler("g"))
	g.next(t)
	if again := h.mustSubmit(ask); again.ID != first.ID || again.State != task.Running {
		t.Errorf("running: a second submit gave %s, %s", again.ID, again.State)
	}
	g.let()
	h.mustWait(first.ID)
	if next := h.mustSubmit(ask); next.ID == first.ID || next.Known {
		t.Error("an ended task blocks a new one")
	}
}

func TestCancelReachesTheChildren(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"), newPool("q"))
	g := newGate(h)
	h.attachWorker("p", "w", 2, g.handler("g"))
	parent := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	runs := h.mustSubmit(task.Request{Pool: "p", Parent: parent.ID})
	g.next(t)
	waits := h.mustSubmit(task.Request{Pool: "q", Parent: parent.ID})
	grandchild := h.mustSubmit(task.Request{Pool: "q", Parent: waits.ID})
	other := h.mustSubmit(task.Request{Pool: "q"})
	if _, err := h.d.Cancel(h.ctx, parent.ID, "enough"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.d.Submit(h.ctx, task.Request{Pool: "q", Parent: parent.ID}); !errors.Is(err, task.ErrConflict) {
		t.Errorf("a child of a task that is being cancelled: %v", err)
	}
	for _, id := range []uuid.UUID{parent.ID, runs.ID, waits.ID, grandchild.ID} {
		if got := h.mustWait(id); got.State != task.Cancelled {
			t.Errorf("%s is %s: %s", id, got.State, got.Reason)
		}
	}
	h.mustBe(other.ID, task.Queued)
	for _, gone := range []uuid.UUID{parent.ID, uuid.New()} {
		if _, err := h.d.Submit(h.ctx, task.Request{Pool: "q", Parent: gone}); !errors.Is(err, task.ErrConflict) && !errors.Is(err, task.ErrInvalid) {
			t.Errorf("a child of a task that has gone: %v", err)
		}
	}
}

func TestAPausedPoolTakesAndDoesNotGive(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 1, echo)
	h.setPaused("p", true)
	one := h.mustSubmit(task.Request{Pool: "p"})
	h.mustBe(one.ID, task.Queued)
	h.setPaused("p", false)
	h.mustWait(one.ID)
	if err := h.d.SetPaused(h.ctx, "q", true); !errors.As(err, new(*UnknownPoolError)) {
		t.Errorf("pause a pool that is not there: %v", err)
	}
}

func (h *testDispatcher) setPaused(pool string, paused bool) {
	h.t.Helper()
	if err := h.d.SetPaused(h.ctx, pool, paused); err != nil {
		h.t.Fatal(err)
	}
}

func TestRetryAllDeadOnes(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p"}, Pool{Name: "q"})
	const many = 2*retryStep + 1
	bad, calls := failingHandler("bad", many+1)
	h.attachWorker("p", "w", 8, bad)
	h.attachWorker("q", "v", 1, bad)
	var ids []uuid.UUID
	for range many {
		ids = append(ids, h.mustSubmit(task.Request{Pool: "p"}).ID)
	}
	for _, id := range ids {
		h.mustWait(id)
	}
	other := h.mustEnd(task.Request{Pool: "q"}, task.Dead)
	h.setPaused("p", true)
	if n, err := h.d.RetryAll(h.ctx, task.Filter{Pool: "p", State: task.Dead, Limit: 1}); n != many || err != nil {
		t.Fatalf("%d are retried, %v; want %d", n, err, many)
	}
	if counts, _ := h.d.CountTasks(h.ctx); counts["p"][task.Queued] != many || counts["q"][task.Dead] != 1 {
		t.Errorf("%v; only those of p are asked for again, not %s", counts, other.ID)
	}
	if _, err := h.d.RetryAll(h.ctx, task.Filter{State: task.Completed}); !errors.Is(err, task.ErrInvalid) {
		t.Errorf("retry what is completed: %v", err)
	}
	if calls.Load() != many+1 {
		t.Errorf("%d calls", calls.Load())
	}
}

func TestNoProgressIsStuck(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1, ProgressTimeout: task.Seconds(time.Second)}})
	g := newGate(h)
	h.attachWorker("p", "w", 2, g.handler("silent"), progressHandler(g))
	moves := h.mustSubmit(task.Request{Pool: "p", Method: "moving"})
	silent := h.mustSubmit(task.Request{Pool: "p", Method: "silent"})
	got := h.mustWait(silent.ID)
	if got.State != task.Dead || got.LastOutcome() != task.OutcomeStuck {
		t.Errorf("%s: %s", got.State, got.Reason)
	}
	patient := task.Seconds(0)
	other := h.mustSubmit(task.Request{Pool: "p", Method: "silent", ProgressTimeout: &patient})
	h.mustBe(moves.ID, task.Running)
	g.let()
	for _, id := range []uuid.UUID{moves.ID, other.ID} {
		if got := h.mustWait(id); got.State != task.Completed {
			t.Errorf("%s: %s", got.State, got.Reason)
		}
	}
}

// A task must not pay for the same neighbour twice: it does not run beside it
// again.
func TestNeighboursRunWithoutTheCrashSuspect(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g, deaf := newGate(h), newGate(h)
	deaf.deaf = true
	first := h.attachWorker("p", "w", 2, g.handler("good"), deaf.handler("bad"))
	good := h.mustSubmit(task.Request{Pool: "p", Method: "good"})
	bad := h.mustSubmit(task.Request{Pool: "p", Method: "bad", Timeout: secondsOf(50 * time.Millisecond)})
	g.next(t)
	deaf.next(t)
	h.observer.waitFor(t, observation{"stuck", "w", 1})
	h.d.DetachWorker(first.GUID, 1, lifecycle.DetachDied, "was killed")
	h.attachWorker("p", "v", 2, g.handler("good"), deaf.handler("bad"))
	first2 := h.waitUntil(good.ID, "runs again", func(x task.Task) bool { return x.State == task.Running && x.Tries() == 2 })
	if first2.Attempt != 1 {
		t.Errorf("the neighbour has paid: attempt %d", first2.Attempt)
	}
	h.runInLoop(func() {
		for _, p := range h.d.workers {
			if p.running[good.ID] != nil && p.running[bad.ID] != nil {
				t.Errorf("both are in %s again", p.workerID)
			}
		}
	})
	g.let()
	h.mustWait(good.ID)
	deaf.let()
	h.mustWait(bad.ID)
	h.runInLoop(func() {
		if p := h.d.pools["p"]; !p.isolated.isEmpty() {
			t.Errorf("isolated for ever: %v", p.isolated)
		}
	})
}
