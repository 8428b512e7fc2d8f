package dispatch

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// states fetches news until the watch is over, or until there are n.
func states(t *testing.T, w *Subscription, n int) (got []task.State) {
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

func TestWatchFromSubmitToTheEnd(t *testing.T) {
	h := newHouse(t, def("p"))
	pool, err := h.d.SubscribePool(h.ctx, "p")
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	id := h.submit(task.Request{Pool: "p", Data: raw(`1`)}).ID
	w, err := h.d.SubscribeTask(h.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	g := newGate(h)
	h.worker("p", "a", 1, g.handler("hold"))
	g.next(t)
	g.let()
	want := []task.State{task.Queued, task.Running, task.Completed}
	if got := states(t, w, 9); !slices.Equal(got, want) {
		t.Errorf("the task's: %v", got)
	}
	if got := states(t, pool, 3); !slices.Equal(got, want) {
		t.Errorf("the pool's: %v", got)
	}
	again, err := h.d.SubscribeTask(h.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if got := states(t, again, 9); !slices.Equal(got, want[2:]) {
		t.Errorf("of one that has ended: %v", got)
	}
	pool.Close()
	h.inLoop(func() {
		if a := h.d.subscribers; len(a.tasks)+len(a.pools) != 0 {
			t.Errorf("still watched: %v", a)
		}
	})
}

func TestWatchWhatIsNotThere(t *testing.T) {
	h := newHouse(t, def("p"))
	if _, err := h.d.SubscribeTask(h.ctx, uuid.New()); !errors.Is(err, task.ErrNotFound) {
		t.Error(err)
	}
	var unknown *UnknownPoolError
	if _, err := h.d.SubscribePool(h.ctx, "q"); !errors.As(err, &unknown) {
		t.Error(err)
	}
}

// Whoever does not fetch loses the oldest, is told how many, and costs no more
// memory than that.
func TestWatchThatIsNotFetched(t *testing.T) {
	h := newHouse(t, def("p"))
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

// Ten thousand who wait, and as many who watch, are memory: not one goroutine
// is theirs in the dispatcher.
func TestTenThousandWaiters(t *testing.T) {
	const many = 10_000
	h := newHouse(t, def("p"))
	id := h.submit(task.Request{Pool: "p"}).ID
	h.inLoop(func() {})
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
	h.inLoop(func() {
		if n := runtime.NumGoroutine() - before; n > 0 {
			t.Errorf("%d goroutines more", n)
		}
	})
	if _, err := h.d.Cancel(h.ctx, id, "a test"); err != nil {
		t.Fatal(err)
	}
	for i := range many {
		<-waiters[i].done
		if got := states(t, watches[i], 9); waiters[i].got.State != task.Cancelled || got[len(got)-1] != task.Cancelled {
			t.Fatalf("%d: %s, %v", i, waiters[i].got.State, got)
		}
	}
}
