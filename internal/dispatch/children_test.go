package dispatch

import (
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

func TestUniqueIsOneLiveTask(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", QueueMax: 1})
	g := newGate(h)
	ask := task.Request{Pool: "p", Unique: "nightly"}
	first := h.submit(ask)
	if again := h.submit(ask); again.ID != first.ID || !again.Known || first.Known {
		t.Errorf("queued: a second submit gave %s, known %v; want %s", again.ID, again.Known, first.ID)
	}
	h.worker("p", "w", 1, g.handler("g"))
	g.next(t)
	if again := h.submit(ask); again.ID != first.ID || again.State != task.Running {
		t.Errorf("running: a second submit gave %s, %s", again.ID, again.State)
	}
	g.let()
	h.wait(first.ID)
	if next := h.submit(ask); next.ID == first.ID || next.Known {
		t.Error("one that has ended keeps nobody out")
	}
}

func TestCancelReachesTheChildren(t *testing.T) {
	h := newHouse(t, def("p"), def("q"))
	g := newGate(h)
	h.worker("p", "w", 2, g.handler("g"))
	parent := h.submit(task.Request{Pool: "p"})
	g.next(t)
	runs := h.submit(task.Request{Pool: "p", Parent: parent.ID})
	g.next(t)
	waits := h.submit(task.Request{Pool: "q", Parent: parent.ID})
	grandchild := h.submit(task.Request{Pool: "q", Parent: waits.ID})
	other := h.submit(task.Request{Pool: "q"})
	if _, err := h.d.Cancel(h.ctx, parent.ID, "enough"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.d.Submit(h.ctx, task.Request{Pool: "q", Parent: parent.ID}); !errors.Is(err, task.ErrConflict) {
		t.Errorf("a child of a task that is being cancelled: %v", err)
	}
	for _, id := range []uuid.UUID{parent.ID, runs.ID, waits.ID, grandchild.ID} {
		if got := h.wait(id); got.State != task.Cancelled {
			t.Errorf("%s is %s: %s", id, got.State, got.Reason)
		}
	}
	h.is(other.ID, task.Queued)
	for _, gone := range []uuid.UUID{parent.ID, uuid.New()} {
		if _, err := h.d.Submit(h.ctx, task.Request{Pool: "q", Parent: gone}); !errors.Is(err, task.ErrConflict) && !errors.Is(err, task.ErrInvalid) {
			t.Errorf("a child of a task that has gone: %v", err)
		}
	}
}

func TestAPausedPoolTakesAndDoesNotGive(t *testing.T) {
	h := newHouse(t, def("p"))
	h.worker("p", "w", 1, echo)
	h.pause("p", true)
	one := h.submit(task.Request{Pool: "p"})
	h.is(one.ID, task.Queued)
	h.pause("p", false)
	h.wait(one.ID)
	if err := h.d.SetPaused(h.ctx, "q", true); !errors.As(err, new(*UnknownPoolError)) {
		t.Errorf("pause a pool that is not there: %v", err)
	}
}

func (h *house) pause(pool string, paused bool) {
	h.t.Helper()
	if err := h.d.SetPaused(h.ctx, pool, paused); err != nil {
		h.t.Fatal(err)
	}
}

func TestRetryAllDeadOnes(t *testing.T) {
	h := newHouse(t, Pool{Name: "p"}, Pool{Name: "q"})
	const many = 2*retryStep + 1
	bad, calls := fails("bad", many+1)
	h.worker("p", "w", 8, bad)
	h.worker("q", "v", 1, bad)
	var ids []uuid.UUID
	for range many {
		ids = append(ids, h.submit(task.Request{Pool: "p"}).ID)
	}
	for _, id := range ids {
		h.wait(id)
	}
	other := h.ends(task.Request{Pool: "q"}, task.Dead)
	h.pause("p", true)
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
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1, ProgressTimeout: task.Seconds(time.Second)}})
	g := newGate(h)
	h.worker("p", "w", 2, g.handler("silent"), moving(g))
	moves := h.submit(task.Request{Pool: "p", Method: "moving"})
	silent := h.submit(task.Request{Pool: "p", Method: "silent"})
	got := h.wait(silent.ID)
	if got.State != task.Dead || got.LastOutcome() != task.OutcomeStuck {
		t.Errorf("%s: %s", got.State, got.Reason)
	}
	patient := task.Seconds(0)
	other := h.submit(task.Request{Pool: "p", Method: "silent", ProgressTimeout: &patient})
	h.is(moves.ID, task.Running)
	g.let()
	for _, id := range []uuid.UUID{moves.ID, other.ID} {
		if got := h.wait(id); got.State != task.Completed {
			t.Errorf("%s: %s", got.State, got.Reason)
		}
	}
}

// Nobody is to pay for a neighbour twice: it does not meet it again at once.
func TestNeighboursRunWithoutTheCulprit(t *testing.T) {
	h := newHouse(t, def("p"))
	g, deaf := newGate(h), newGate(h)
	deaf.deaf = true
	first := h.worker("p", "w", 2, g.handler("good"), deaf.handler("bad"))
	good := h.submit(task.Request{Pool: "p", Method: "good"})
	bad := h.submit(task.Request{Pool: "p", Method: "bad", Timeout: seconds(50 * time.Millisecond)})
	g.next(t)
	deaf.next(t)
	h.verdicts.await(t, verdict{"stuck", "w", 1})
	h.d.DetachWorker(first.GUID, 1, "was killed")
	h.worker("p", "v", 2, g.handler("good"), deaf.handler("bad"))
	first2 := h.until(good.ID, "runs again", func(x task.Task) bool { return x.State == task.Running && x.Tries() == 2 })
	if first2.Attempt != 1 {
		t.Errorf("the neighbour has paid: attempt %d", first2.Attempt)
	}
	h.inLoop(func() {
		for _, p := range h.d.workers {
			if p.running[good.ID] != nil && p.running[bad.ID] != nil {
				t.Errorf("both are in %s again", p.workerID)
			}
		}
	})
	g.let()
	h.wait(good.ID)
	deaf.let()
	h.wait(bad.ID)
	h.inLoop(func() {
		if p := h.d.pools["p"]; len(p.isolated) != 0 {
			t.Errorf("shy for ever: %v", p.isolated)
		}
	})
}
