package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/worker"
)

// moody is a handler that answers, fails, asks for a retry, panics, takes its
// time or ignores its context, by chance.
var moody = worker.HandleRaw("moody", func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
	switch n := rand.IntN(100); {
	case n < 70:
		return data, nil
	case n < 75:
		return nil, errors.New("a bad day")
	case n < 85:
		return nil, worker.TaskFail{Retry: true}
	case n < 88:
		panic("a very bad day")
	default:
		select {
		case <-time.After(rand.N(50 * time.Millisecond)):
			return data, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
})

// TestLongRun does everything at once and then counts: every submit has exactly
// one terminal record, and the dispatcher holds nothing.
func TestLongRun(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 4, RetryDelay: task.Seconds(time.Millisecond)}})
	var left atomic.Int64 // tasks without a terminal record
	left.Store(3000)
	var all sync.WaitGroup
	for n := range 6 {
		all.Go(func() { h.attachFaultyWorker(fmt.Sprint("w", n), &left) })
	}
	var mu sync.Mutex
	records := map[uuid.UUID]int{}
	turns := make(chan int, 3000)
	for n := range cap(turns) {
		turns <- n
	}
	close(turns)
	for range 32 {
		all.Go(func() {
			for n := range turns {
				got := h.submitRandomTask(n)
				mu.Lock()
				records[got.ID]++
				mu.Unlock()
				left.Add(-1)
			}
		})
	}
	all.Wait()
	if len(records) != cap(turns) {
		t.Errorf("%d records of %d submits", len(records), cap(turns))
	}
	h.checkCounts(records)
}

// submitRandomTask submits one task, may disturb it, and waits for its end.
func (h *testDispatcher) submitRandomTask(n int) task.Task {
	priority := rand.IntN(10)
	one, err := h.d.Submit(h.ctx, task.Request{
		Pool: "p", Key: fmt.Sprint("k", n), Data: rawJSON(fmt.Sprint(n)), Priority: &priority, Timeout: secondsOf(time.Minute),
	})
	if err != nil {
		h.t.Errorf("submit: %v", err)
		return one
	}
	if rand.IntN(20) == 0 {
		_, err = h.d.Cancel(h.ctx, one.ID, "by chance")
		if err != nil && !errors.Is(err, task.ErrConflict) {
			h.t.Errorf("cancel: %v", err)
		}
	}
	got, err := h.d.Wait(h.ctx, one.ID)
	if err != nil {
		h.t.Errorf("wait: %v; %s %s", err, got.State, got.Reason)
	}
	if got.State == task.Completed && string(got.Result) != fmt.Sprint(n) {
		h.t.Errorf("task %d has the result %s", n, got.Result)
	}
	return got
}

// attachFaultyWorker attaches one incarnation after the other, and ends each in
// another way, as long as there are tasks.
func (h *testDispatcher) attachFaultyWorker(guid string, left *atomic.Int64) {
	for n := 1; left.Load() > 0; n++ {
		ctx, cancel := context.WithCancel(context.Background())
		url := make(chan string, 1)
		ended := make(chan error, 1)
		go func() {
			ended <- worker.Run(ctx, worker.Options{
				Slots: 4, Handlers: []worker.Handler{moody}, Port: -1, Connect: "open",
				HeartbeatSpan: 200 * time.Millisecond, Getenv: func(string) string { return "" },
				Listening: func(a net.Addr) { url <- "http://" + a.String() },
				Hooks:     worker.Hooks{BeforeTask: sometimesRefuse},
			})
		}()
		h.attachConnected(Attachment{GUID: guid, Incarnation: n, Pool: "p", URL: <-url, Slots: 4})
		life := time.After(300*time.Millisecond + rand.N(time.Second))
		for waiting := true; waiting && left.Load() > 0; {
			select {
			case <-life:
				waiting = false
			case <-time.After(20 * time.Millisecond):
			}
		}
		if rand.IntN(2) == 0 {
			h.d.DrainWorker(guid, n)
			h.observer.waitFor(h.t, observation{"drained", guid, n})
		}
		h.d.DetachWorker(guid, n, lifecycle.DetachDied, "by chance")
		cancel()
		if err := <-ended; err != nil {
			h.t.Errorf("worker.Run: %v", err)
		}
	}
}

func sometimesRefuse(context.Context, worker.Task) error {
	if rand.IntN(20) == 0 {
		return worker.TaskRefuse{RetryAfter: time.Millisecond}
	}
	return nil
}

// checkCounts checks what is left at the end.
func (h *testDispatcher) checkCounts(records map[uuid.UUID]int) {
	for id, n := range records {
		got, err := h.d.Get(h.ctx, id)
		if n != 1 || err != nil || !got.State.Terminal() || got.Ended.IsZero() {
			h.t.Errorf("%s: %d records, %s, %v", id, n, got.State, err)
		}
		for _, a := range got.History {
			if a.Outcome == "" || a.End.IsZero() {
				h.t.Errorf("%s: an attempt has no end: %+v", id, a)
			}
		}
	}
	h.runInLoop(func() {
		d := h.d
		if len(d.waiters)+d.timers.Len()+len(d.workers)+len(d.pools["p"].refused)+len(d.pools["p"].members) != 0 {
			h.t.Errorf("left: %d waiters, %d timers, %d peers, %d refusals", len(d.waiters), d.timers.Len(), len(d.workers), len(d.pools["p"].refused))
		}
		if c := d.opts.Queue.CountTasks()["p"]; c[task.Queued]+c[task.Running] != 0 {
			h.t.Errorf("counts %v", c)
		}
	})
}
