package dispatch

import (
	"context"
	"encoding/json"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"initiator/worker"
)

func echoData(_ context.Context, data json.RawMessage) (json.RawMessage, error) { return data, nil }

// echo answers with the task's data.
var echo = worker.HandleRaw("echo", echoData)

// gate holds tasks until the test lets them go.
type gate struct {
	began chan worker.Task // each task that has started
	open  chan struct{}
	let   func() // lets all tasks go, also later ones
	deaf  bool   // ignore the context, as bad handlers do

	live, most atomic.Int64
}

func newGate(h *testDispatcher) *gate {
	g := &gate{began: make(chan worker.Task, 10_000), open: make(chan struct{})}
	g.let = sync.OnceFunc(func() { close(g.open) })
	h.before = append(h.before, g.let)
	return g
}

func (g *gate) handler(name string) worker.Handler {
	return worker.HandleRaw(name, func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		n := g.live.Add(1)
		defer g.live.Add(-1)
		for m := g.most.Load(); n > m && !g.most.CompareAndSwap(m, n); m = g.most.Load() {
		}
		t, _ := worker.TaskFromContext(ctx)
		g.began <- t
		cancelled := ctx.Done()
		if g.deaf {
			cancelled = nil
		}
		select {
		case <-g.open:
			return data, nil
		case <-cancelled:
			return nil, context.Cause(ctx)
		}
	})
}

// next returns the next task that starts.
func (g *gate) next(t testing.TB) worker.Task {
	t.Helper()
	select {
	case got := <-g.began:
		return got
	case <-time.After(patience):
		t.Fatal("no task began")
	}
	return worker.Task{}
}

// failingHandler returns a handler that fails with retry that many times, and
// then for good.
func failingHandler(name string, times int64) (worker.Handler, *atomic.Int64) {
	calls := &atomic.Int64{}
	return worker.HandleRaw(name, func(context.Context, json.RawMessage) (json.RawMessage, error) {
		if calls.Add(1) <= times {
			return nil, worker.TaskFail{Data: map[string]string{"message": "not now"}, Retry: true}
		}
		return nil, worker.TaskFail{Data: map[string]string{"message": "never"}}
	}), calls
}

// progressHandler returns a handler that reports progress all the time, until
// the gate opens.
func progressHandler(g *gate) worker.Handler {
	return worker.HandleRaw("moving", func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-g.open:
				return data, nil
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			case <-tick.C:
				worker.Progress(ctx, nil)
			}
		}
	})
}
