package dispatch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
	"initiator/worker"
)

// readStates reads events until the subscription ends, or until there are n.
func readStates(t *testing.T, w *Subscription, n int) (got []task.State) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for len(got) < n {
		news, _, err := w.Next(ctx)
		if errors.Is(err, io.EOF) {
			return got
		}
		if err != nil {
			t.Fatalf("after %v: %v", got, err)
		}
		for _, n := range news {
			if len(got) == 0 || got[len(got)-1] != n.State {
				got = append(got, n.State)
			}
		}
	}
	return got
}

func TestASubscriptionSeesATaskFromSubmitToEnd(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	pool, err := h.d.SubscribePool(h.ctx, "p")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	id := h.mustSubmit(task.Request{Pool: "p", Data: rawJSON(`1`)}).ID
	w, err := h.d.SubscribeTask(h.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	g := newGate(h)
	h.attachWorker("p", "a", 1, g.handler("hold"))
	g.next(t)
	g.let()
	want := []task.State{task.Queued, task.Running, task.Completed}
	if got := readStates(t, w, 9); !slices.Equal(got, want) {
		t.Errorf("the task's: %v", got)
	}
	if got := readStates(t, pool, 3); !slices.Equal(got, want) {
		t.Errorf("the pool's: %v", got)
	}
	again, err := h.d.SubscribeTask(h.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if got := readStates(t, again, 9); !slices.Equal(got, want[2:]) {
		t.Errorf("of one that has ended: %v", got)
	}
	pool.Close()
	h.runInLoop(func() {
		if a := h.d.subscribers; len(a.tasks)+len(a.pools) != 0 {
			t.Errorf("still watched: %v", a)
		}
	})
}

// A subscription to retries gets the end of each attempt that another one follows,
// and nothing else.
func TestASubscriptionToRetriesSeesEndedAttempts(t *testing.T) {
	h := newTestDispatcher(t, newPool("p"))
	w, err := h.d.SubscribeRetries(h.ctx, "p")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	h.attachWorker("p", "a", 1, worker.HandleRaw("x", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		if this, _ := worker.TaskFromContext(ctx); this.Attempt == 1 {
			return nil, worker.TaskFail{Data: map[string]string{"message": "no luck"}, Retry: true}
		}
		return nil, nil
	}))
	id := h.mustSubmit(task.Request{Pool: "p", Attempts: 2}).ID
	h.mustBe(id, task.Completed)
	news, missed, err := w.Next(h.ctx)
	if err != nil || missed != 0 || len(news) != 1 {
		t.Fatalf("%+v, %d missed, %v", news, missed, err)
	}
	if n := news[0]; n.ID != id || n.State != task.Queued || n.Ended == nil || n.Ended.Outcome != task.OutcomeRetry || n.Ended.Error != "no luck" || n.Attempts != 2 {
		t.Errorf("%+v", n)
	}
}

func TestSubscribingToAnUnknownTaskFails(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	if _, err := h.d.SubscribeTask(h.ctx, uuid.New()); !errors.Is(err, task.ErrNotFound) {
		t.Error(err)
	}
	var unknown *UnknownPoolError
	if _, err := h.d.SubscribePool(h.ctx, "q"); !errors.As(err, &unknown) {
		t.Error(err)
	}
}

// A slow reader loses the oldest events, learns how many, and uses no more
// memory than the limit.
func TestASlowReaderMissesEvents(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	w, err := h.d.SubscribePool(h.ctx, "p")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := h.d.SubmitMany(h.ctx, slices.Repeat([]task.Request{{Pool: "p"}}, maxEvents+7)); err != nil {
		t.Fatal(err)
	}
	if news, missed, err := w.Next(h.ctx); len(news) != maxEvents || missed != 7 || err != nil {
		t.Errorf("%d news, %d missed, %v", len(news), missed, err)
	}
	h.stop()
	if _, _, err := w.Next(h.ctx); !errors.Is(err, ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}

// A reader that does not read holds little of the progress and the results of a
// pool, and always the newest event.
func TestUnreadEventsHoldLittlePayload(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	w, err := h.d.SubscribePool(h.ctx, "p")
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	progress := bytes.Repeat([]byte("1"), 1<<20)
	for range 40 {
		w.putEvent(task.Event{ID: uuid.New(), State: task.Running, Progress: progress})
	}
	news, missed, err := w.Next(h.ctx)
	held := 0
	for _, n := range news {
		held += len(n.Progress)
	}
	if held > bounds.SubscribedPayloads || len(news)+missed != 40 || err != nil {
		t.Errorf("%d events hold %d bytes, %d missed, %v", len(news), held, missed, err)
	}
	large := bytes.Repeat([]byte("1"), 2*bounds.SubscribedPayloads)
	w.putEvent(task.Event{ID: uuid.New(), State: task.Running, Progress: progress})
	w.putEvent(task.Event{ID: uuid.New(), State: task.Completed, Result: large})
	if news, missed, err := w.Next(h.ctx); len(news) != 1 || missed != 1 || len(news[0].Result) != len(large) || err != nil {
		t.Errorf("%d events, %d missed, %v; want the end alone", len(news), missed, err)
	}
}

// Ten thousand waiters and as many subscriptions cost memory and no goroutine
// of the dispatcher.
func TestTenThousandWaiters(t *testing.T) {
	const many = 10_000
	h := newTestDispatcher(t, newPool("p"))
	id := h.mustSubmit(task.Request{Pool: "p"}).ID
	h.runInLoop(func() {})
	before := runtime.NumGoroutine()
	waiters, watches := make([]*waiter, many), make([]*Subscription, many)
	for i := range many {
		waiters[i] = &waiter{done: make(chan struct{}, 1)}
		h.d.mailbox.Put(&waitMessage{id: id, w: waiters[i]})
		var err error
		if watches[i], err = h.d.SubscribeTask(h.ctx, id); err != nil {
			t.Fatal(err)
		}
	}
	h.runInLoop(func() {
		if n := runtime.NumGoroutine() - before; n > 0 {
			t.Errorf("%d goroutines more", n)
		}
	})
	if _, err := h.d.Cancel(h.ctx, id, "a test"); err != nil {
		t.Fatal(err)
	}
	for i := range many {
		<-waiters[i].done
		if got := readStates(t, watches[i], 9); waiters[i].got.State != task.Cancelled || got[len(got)-1] != task.Cancelled {
			t.Fatalf("%d: %s, %v", i, waiters[i].got.State, got)
		}
	}
}
