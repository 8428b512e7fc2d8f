package dispatch

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
	"initiator/worker"
)

// tolerantTB is a test whose disk may lose power without a failure.
type tolerantTB struct{ testing.TB }

// Errorf logs what Run reports about the disk.
func (u tolerantTB) Errorf(format string, args ...any) { u.Logf(format, args...) }

// lasting is a pool whose tasks may lose any number of attempts.
var lasting = Pool{Name: "p", Policy: task.Policy{Attempts: 1000}}

// twiceTried succeeds at the second attempt.
var twiceTried = worker.HandleRaw("h", func(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
	if t, _ := worker.TaskFromContext(ctx); t.Attempt < 2 {
		return nil, worker.TaskFail{Retry: true}
	}
	return in, nil
})

// promises holds what was acknowledged before the power cut.
type promises struct {
	submitted []uuid.UUID
	told      map[uuid.UUID]task.Task
}

// recordPromises submits, retries, cancels and ends tasks until the power cut,
// and records what is acknowledged.
func (h *testDispatcher) recordPromises() promises {
	p := promises{told: map[uuid.UUID]task.Task{}}
	for n := range 3 {
		one, err := h.d.Submit(h.ctx, task.Request{Pool: "p", Data: fmt.Appendf(nil, "%d", n)})
		if err != nil {
			return p
		}
		p.submitted = append(p.submitted, one.ID)
	}
	later, err := h.d.Submit(h.ctx, task.Request{Pool: "p", Delay: task.Seconds(time.Hour)})
	if err != nil {
		return p
	}
	p.submitted = append(p.submitted, later.ID)
	h.recordPromise(p, func(ctx context.Context) (task.Task, error) { return h.d.Cancel(ctx, later.ID, "by the test") })
	for _, id := range p.submitted[:3] {
		h.recordPromise(p, func(ctx context.Context) (task.Task, error) { return h.d.Wait(ctx, id) })
	}
	return p
}

// recordPromise asks until there is an answer, or no power.
func (h *testDispatcher) recordPromise(p promises, ask func(context.Context) (task.Task, error)) {
	ctx, cancel := context.WithTimeout(h.ctx, patience)
	defer cancel()
	ended := make(chan struct{})
	defer func() { <-ended }()
	go func() {
		defer close(ended)
		defer cancel()
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			if why, err := h.d.StorageFault(ctx); why != "" || err != nil {
				return
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
			}
		}
	}()
	if got, err := ask(ctx); err == nil {
		p.told[got.ID] = got
	}
	cancel()
}

// checkKept checks a queue that was opened again: every promise holds, and each
// task that had not ended ends now, once.
func (p promises) checkKept(t *testing.T, d *storetest.Disk) {
	h := newTestDispatcherOver(t, openStored(t, d), lasting)
	for _, id := range p.submitted {
		if _, err := h.d.Get(h.ctx, id); err != nil {
			t.Fatalf("acknowledged, and now: %v", err)
		}
	}
	h.attachWorker("p", "second", 1, twiceTried)
	list, err := h.d.List(h.ctx, task.Filter{Data: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list.Tasks {
		if !one.NotBefore.IsZero() && one.State == task.Queued && time.Until(one.NotBefore) > time.Minute {
			continue // its cancel was not acknowledged
		}
		got := h.mustWait(one.ID)
		if told, ok := p.told[one.ID]; ok && (told.State != got.State || told.Tries() != got.Tries() || string(told.Result) != string(got.Result)) {
			t.Errorf("told as %+v\nand is %+v", told, got)
		}
		if got.State == task.Completed && string(got.Result) != string(got.Data) {
			t.Errorf("ended as %+v", got)
		}
	}
	h.stop()
}

// TestPowerCutAtEveryWriteOfADispatcher cuts the power at each disk operation
// while real tasks run, and continues with the remaining files.
func TestPowerCutAtEveryWriteOfADispatcher(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		whole := false
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			disk := storetest.New(uint64(n))
			disk.CutAt(n)
			q, err := queue.Open("", queue.Options{Dir: disk, SegmentSize: 400})
			if err != nil {
				return // the cut came before the first promise
			}
			h := newTestDispatcherOver(tolerantTB{t}, q, lasting)
			h.attachWorker("p", "first", 2, twiceTried)
			p := h.recordPromises()
			h.stop()
			whole = disk.CountWrites() < n
			p.checkKept(t, disk.AfterPowerLoss(uint64(n)))
			if whole && len(p.told) != 4 {
				t.Errorf("with all its power it told only %+v", p)
			}
		})
		if whole || t.Failed() {
			t.Logf("cut at each of %d operations", n-1)
			return
		}
	}
}
