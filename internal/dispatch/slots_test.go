package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"initiator/initiator/task"
	"initiator/worker"
)

func TestRoundRobinOverFreeSlots(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	const workers, slots = 4, 3
	gates := make([]*gate, workers)
	for n := range gates {
		gates[n] = newGate(h)
		h.attachWorker("p", fmt.Sprint("w", n), slots, gates[n].handler("g"))
	}
	var ids []task.Task
	for range workers * slots * 2 {
		ids = append(ids, h.mustSubmit(task.Request{Pool: "p"}))
	}
	// Each worker gets a task before any worker gets its second, and so on:
	// with all slots taken, each worker runs as many tasks as it has slots.
	for _, g := range gates {
		for range slots {
			g.next(t)
		}
	}
	h.runInLoop(func() {
		for _, p := range h.d.workers {
			if len(p.running) != slots {
				t.Errorf("%s runs %d of %d", p.workerID, len(p.running), slots)
			}
		}
		if n := h.d.opts.Queue.CountTasks()["p"][task.Queued]; n != workers*slots {
			t.Errorf("%d are queued, want %d", n, workers*slots)
		}
	})
	for _, g := range gates {
		g.let()
	}
	for _, one := range ids {
		h.mustWait(one.ID)
	}
}

// The first round over equal workers visits each of them once.
func TestEqualsTakeTurns(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	for n := range 5 {
		h.attachWorker("p", fmt.Sprint("w", n), 2, g.handler("g"))
	}
	seen := map[string]int{}
	for range 5 {
		one := h.mustSubmit(task.Request{Pool: "p"})
		g.next(t)
		got, _ := h.d.Get(h.ctx, one.ID)
		seen[got.History[0].Worker]++
	}
	if len(seen) != 5 {
		t.Errorf("five tasks went to %v", seen)
	}
}

func TestNeverMoreThanSlots(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	const tasks = 600
	counts := make([]*gate, 5)
	for n := range counts {
		counts[n] = newGate(h)
		counts[n].let()
		h.attachWorker("p", fmt.Sprint("w", n), n+1, counts[n].handler("g"))
	}
	var all sync.WaitGroup
	for n := range tasks {
		all.Go(func() {
			got, err := h.d.Submit(h.ctx, task.Request{Pool: "p", Data: rawJSON(fmt.Sprint(n))})
			if err == nil {
				got, err = h.d.Wait(h.ctx, got.ID)
			}
			if err != nil || got.State != task.Completed || string(got.Result) != fmt.Sprint(n) || len(got.History) != 1 {
				t.Errorf("task %d: %s %s %v %+v", n, got.State, got.Result, err, got.History)
			}
		})
	}
	all.Wait()
	for n, g := range counts {
		if most := g.most.Load(); most > int64(n+1) {
			t.Errorf("worker %d ran %d at a time in %d slots", n, most, n+1)
		}
	}
}

// The worker's answer can only lower the number of slots of its definition.
func TestSlotsAreTheLowerOfDefinitionAndAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ defined, real, want int }{{4, 2, 2}, {2, 4, 2}, {0, 4, 1}} {
		h := newTestDispatcher(t, newPool("p"))
		url, _ := h.startWorkerProcess(worker.Options{Slots: c.real, Handlers: []worker.Handler{echo}})
		h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: c.defined})
		h.runInLoop(func() {
			if got := h.d.workers[workerID{"w", 1}].slots; got != c.want {
				t.Errorf("defined %d, real %d: %d slots", c.defined, c.real, got)
			}
		})
	}
}

// A task that runs longer than the inline limit reports with a PUT of its own.
func TestTwoRequestPath(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	slow := worker.HandleRaw("slow", func(ctx context.Context, data json.RawMessage) (json.RawMessage, error) {
		select {
		case <-time.After((inlineMS + 200) * time.Millisecond):
			return data, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	h.attachWorker("p", "w", 8, slow)
	var ids []task.Task
	for n := range 8 {
		ids = append(ids, h.mustSubmit(task.Request{Pool: "p", Data: rawJSON(fmt.Sprint(n))}))
	}
	for n, one := range ids {
		if got := h.mustWait(one.ID); string(got.Result) != fmt.Sprint(n) || len(got.History) != 1 {
			t.Errorf("task %d: %s %+v", n, got.Result, got.History)
		}
	}
}

// The load balancer is compared with a plain model: most free slots first, and
// among equals the worker that was placed first.
func TestLoadBalancerOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var b loadBalancer
		type entry struct{ free, since int }
		plain := map[*workerConn]entry{}
		peers := make([]*workerConn, 6)
		for n := range peers {
			peers[n] = &workerConn{workerID: workerID{fmt.Sprint(n), 1}}
			peers[n].entry.conn = peers[n]
		}
		for step := range rapid.IntRange(1, 60).Draw(t, "steps") {
			p := rapid.SampledFrom(peers).Draw(t, "peer")
			free := rapid.IntRange(-1, 7).Draw(t, "free")
			b.placeWorker(p, free)
			if delete(plain, p); free > 0 {
				plain[p] = entry{free, step}
			}
			var got []*workerConn
			b.eachWorker(func(p *workerConn) bool { got = append(got, p); return true })
			if len(got) != len(plain) {
				t.Fatalf("%d are in the balance, want %d", len(got), len(plain))
			}
			for n := 1; n < len(got); n++ {
				x, y := plain[got[n-1]], plain[got[n]]
				if x.free < y.free || x.free == y.free && x.since > y.since {
					t.Fatalf("%+v comes before %+v", x, y)
				}
			}
			if len(got) > 0 && b.firstWorker() != got[0] || len(got) == 0 && b.firstWorker() != nil {
				t.Fatal("first is not the first of each")
			}
		}
	})
}
