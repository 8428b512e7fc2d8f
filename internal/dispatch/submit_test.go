package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/webhook"
	"initiator/worker"
)

func TestSubmitToResult(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("adder"))
	w := h.attachWorker("adder", "a", 1, echo)
	got := h.mustEnd(task.Request{Pool: "adder", Data: rawJSON(`{"a": 2,  "b":3}`)}, task.Completed)
	if string(got.Result) != `{"a": 2,  "b":3}` {
		t.Errorf("result %s: it was re-encoded on its way", got.Result)
	}
	if len(got.History) != 1 || got.History[0].Worker != w.GUID || got.History[0].Incarnation != 1 || got.History[0].Outcome != task.OutcomeCompleted {
		t.Errorf("history %+v", got.History)
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("math"), newPool("math.deep"))
	named := func(name string) worker.Handler {
		return worker.Handle(name, func(context.Context, any) (string, error) { return name, nil })
	}
	h.attachWorker("math", "m", 4, named("sum"), named("default"), named("deep.x"))
	h.attachWorker("math.deep", "d", 4, named("sum"), named("default"))
	for _, c := range []struct {
		pool, method, worker, result string
	}{
		{"math", "", "m", `"default"`},
		{"math.sum", "", "m", `"sum"`},
		{"math", "sum", "m", `"sum"`},
		{"math.deep", "", "d", `"default"`},
		{"math.deep.sum", "", "d", `"sum"`},
		{"math", "deep.x", "m", `"deep.x"`},
	} {
		got := h.mustEnd(task.Request{Pool: c.pool, Method: c.method}, task.Completed)
		if got.History[0].Worker != c.worker || string(got.Result) != c.result {
			t.Errorf("%s %s ran in %s: %s, want %s: %s", c.pool, c.method, got.History[0].Worker, got.Result, c.worker, c.result)
		}
	}
	got := h.mustEnd(task.Request{Pool: "math.mul"}, task.Failed)
	if !strings.Contains(got.Reason, `no method "mul"`) {
		t.Errorf("reason %q", got.Reason)
	}
}

func TestUnknownPool(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("a.b"))
	for _, name := range []string{"a", "b", "a.", ".a", "a.bc"} {
		_, err := h.d.Submit(h.ctx, task.Request{Pool: name})
		var unknown *UnknownPoolError
		if !errors.As(err, &unknown) || unknown.Name != name {
			t.Errorf("submit to %q: %v", name, err)
		}
	}
}

// TestErrorsAreRetried: the error of a handler and a panic are tried again until
// the attempts are used up.
func TestErrorsAreRetried(t *testing.T) {
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 1,
		worker.HandleRaw("error", func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return nil, errors.New("the disk is full")
		}),
		worker.HandleRaw("panic", func(context.Context, json.RawMessage) (json.RawMessage, error) { panic("boom") }))
	for method, reason := range map[string]string{"error": "the disk is full", "panic": "panic: boom"} {
		got := h.mustEnd(task.Request{Pool: "p." + method}, task.Dead)
		if len(got.History) != 3 || !strings.Contains(got.Reason, reason) {
			t.Errorf("%s: reason %q, history %+v", method, got.Reason, got.History)
		}
	}
}

func TestFailuresAreFinalUnlessTheySayRetry(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 3}})
	final, calls := failingHandler("final", 0)
	h.attachWorker("p", "w", 1, final)
	got := h.mustEnd(task.Request{Pool: "p"}, task.Failed)
	if calls.Load() != 1 || string(got.Result) != `{"message":"never"}` {
		t.Errorf("%d calls, result %s", calls.Load(), got.Result)
	}
}

func TestRetriesUntilDeadOrDone(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	twice, calls := failingHandler("twice", 2)
	always, _ := failingHandler("always", 1<<40)
	h.attachWorker("p", "w", 1, twice, always)
	got := h.mustEnd(task.Request{Pool: "p.twice"}, task.Failed)
	if calls.Load() != 3 || len(got.History) != 3 {
		t.Errorf("%d calls, history %+v", calls.Load(), got.History)
	}
	got = h.mustEnd(task.Request{Pool: "p.always"}, task.Dead)
	if len(got.History) != 3 || got.Attempt != 3 {
		t.Errorf("attempt %d, history %+v", got.Attempt, got.History)
	}
}

// A worker remembers finished tasks. A task that is retried has another attempt
// number, and must not be answered from that memory.
func TestRetryByHandRunsAgain(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	final, calls := failingHandler("final", 0)
	h.attachWorker("p", "w", 1, final)
	got := h.mustEnd(task.Request{Pool: "p"}, task.Failed)
	if _, err := h.d.Retry(h.ctx, got.ID); err != nil {
		t.Fatal(err)
	}
	if got = h.mustWait(got.ID); calls.Load() != 2 || len(got.History) != 2 {
		t.Errorf("%d calls, history %+v", calls.Load(), got.History)
	}
}

func TestPriorityThenAge(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	var want, ids []string
	for n := range 30 {
		p := n % 10
		got := h.mustSubmit(task.Request{Pool: "p", Priority: &p, Data: rawJSON(fmt.Sprint(p*100 + 99 - n))})
		ids = append(ids, got.ID.String())
		want = append(want, string(got.Data))
	}
	slices.SortFunc(want, func(a, b string) int { return parseNumber(b) - parseNumber(a) })
	g := newGate(h)
	g.let()
	h.attachWorker("p", "w", 1, g.handler("g"))
	var order []string
	for range ids {
		order = append(order, string(g.next(t).Data))
	}
	if !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
}

func parseNumber(s string) (n int) { _, _ = fmt.Sscan(s, &n); return n }

func TestQueueMax(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", QueueMax: 2})
	first := h.mustSubmit(task.Request{Pool: "p", Key: "k"})
	h.mustSubmit(task.Request{Pool: "p"})
	_, err := h.d.Submit(h.ctx, task.Request{Pool: "p"})
	var full *QueueFullError
	if !errors.As(err, &full) || full.Max != 2 {
		t.Errorf("third submit: %v", err)
	}
	if again := h.mustSubmit(task.Request{Pool: "p", Key: "k"}); again.ID != first.ID {
		t.Errorf("a known key in a full queue is %s, want %s", again.ID, first.ID)
	}
}

func TestSameTaskAThousandTimesAtOnceIsOne(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]task.Request{
		"key": {Pool: "p", Key: "the same"},
		"id":  {Pool: "p", ID: uuid.MustParse("0192f0c1-2222-7aaa-8bbb-0123456789ab")},
	} {
		t.Run(name, func(t *testing.T) {
			h := newTestDispatcher(t, newPool("p"))
			g := newGate(h)
			g.let()
			h.attachWorker("p", "w", 8, g.handler("g"))
			var all sync.WaitGroup
			for range 1000 {
				all.Go(func() {
					got, err := h.d.Submit(h.ctx, r)
					if err == nil {
						got, err = h.d.Wait(h.ctx, got.ID)
					}
					if err != nil || got.State != task.Completed {
						t.Errorf("%s %v", got.State, err)
					}
				})
			}
			all.Wait()
			if n := len(g.began); n != 1 {
				t.Errorf("it ran %d times", n)
			}
		})
	}
}

func TestTenThousandWaitersCostNoGoroutineInside(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	one := h.mustSubmit(task.Request{Pool: "p"})
	waiters := make([]*waiter, 10_000)
	for i := range waiters {
		waiters[i] = &waiter{done: make(chan struct{}, 1)}
		h.d.mailbox.Put(&waitMessage{id: one.ID, w: waiters[i]})
	}
	h.attachWorker("p", "w", 1, echo)
	for _, w := range waiters {
		select {
		case <-w.done:
		case <-time.After(patience):
			t.Fatal("a waiter was not told")
		}
		if w.err != nil || w.got.State != task.Completed {
			t.Fatalf("%s %v", w.got.State, w.err)
		}
	}
	h.runInLoop(func() {
		if len(h.d.waiters) != 0 {
			t.Errorf("%d tasks are still waited for", len(h.d.waiters))
		}
	})
}

func TestWaitGivesTheRecordWhenItsContextEnds(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	one := h.mustSubmit(task.Request{Pool: "p"})
	ctx, cancel := context.WithCancel(h.ctx)
	cancel()
	got, err := h.d.Wait(ctx, one.ID)
	if !errors.Is(err, context.Canceled) || got.ID != one.ID || got.State != task.Queued {
		t.Errorf("%s %s %v", got.ID, got.State, err)
	}
	h.runInLoop(func() {
		if len(h.d.waiters) != 0 {
			t.Error("the waiter was not taken off")
		}
	})
	if _, err := h.d.Wait(h.ctx, uuid.New()); !errors.Is(err, task.ErrNotFound) {
		t.Errorf("wait for an unknown task: %v", err)
	}
}

func TestTheEndOfRunAnswersEveryCaller(t *testing.T) {
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{g.handler("g")}, HeartbeatTolerance: time.Second})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1})
	one := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	told := make(chan error, 100)
	for range cap(told) {
		go func() { _, err := h.d.Wait(h.ctx, one.ID); told <- err }()
	}
	h.runInLoop(func() {}) // some callers have arrived, others have not
	h.stop()
	for range cap(told) {
		if err := <-told; !errors.Is(err, ErrClosed) {
			t.Errorf("a waiter was told %v", err)
		}
	}
	if _, err := h.d.Submit(h.ctx, task.Request{Pool: "p"}); !errors.Is(err, ErrClosed) {
		t.Errorf("submit after the end: %v", err)
	}
	if _, err := h.d.Wait(h.ctx, one.ID); !errors.Is(err, ErrClosed) {
		t.Errorf("wait after the end: %v", err)
	}
	if err := h.d.RecordResult(h.ctx, "x", false, webhook.ResultBody{}); err == nil {
		t.Error("a result after the end is accepted")
	}
}

// Run must notice the end of its context while messages keep arriving.
func TestRunEndsUnderLoad(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachWorker("p", "w", 4, echo)
	var busy sync.WaitGroup
	for range 8 {
		busy.Go(func() {
			for {
				if _, err := h.d.CountTasks(h.ctx); err != nil {
					return
				}
			}
		})
	}
	h.stop()
	busy.Wait()
}

func TestPoolsChangeLive(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("old"), newPool("both"))
	h.attachWorker("old", "o", 1, echo)
	h.mustEnd(task.Request{Pool: "old"}, task.Completed)
	kept := h.mustSubmit(task.Request{Pool: "both"})
	if err := h.d.SetPools(h.ctx, []Pool{newPool("new")}); err != nil {
		t.Fatal(err)
	}
	var unknown *UnknownPoolError
	for _, name := range []string{"old", "both"} {
		if _, err := h.d.Submit(h.ctx, task.Request{Pool: name}); !errors.As(err, &unknown) {
			t.Errorf("submit to %s, which is gone: %v", name, err)
		}
	}
	h.attachWorker("new", "n", 1, echo)
	h.mustEnd(task.Request{Pool: "new"}, task.Completed)
	h.d.DetachWorker("o", 1, lifecycle.DetachDied, "gone")
	if err := h.d.SetPools(h.ctx, []Pool{newPool("both"), newPool("new")}); err != nil {
		t.Fatal(err)
	}
	h.attachWorker("both", "b", 1, echo)
	if got := h.mustWait(kept.ID); got.State != task.Completed {
		t.Errorf("the task of the pool that came back is %s", got.State)
	}
	h.runInLoop(func() {
		if len(h.d.pools) != 2 {
			t.Errorf("pools %v", h.d.pools)
		}
	})
}
