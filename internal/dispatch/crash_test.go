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

// unpowered is a test whose disk may lose its power, which is then no fault.
type unpowered struct{ testing.TB }

// Errorf drops what Run says of the disk.
func (u unpowered) Errorf(format string, args ...any) { u.Logf(format, args...) }

// lasting is a pool whose tasks may be lost as often as a test wants.
var lasting = Pool{Name: "p", Policy: task.Policy{Attempts: 1000}}

// twiceTried succeeds at the second try.
var twiceTried = worker.HandleRaw("h", func(ctx context.Context, in json.RawMessage) (json.RawMessage, error) {
	if t, _ := worker.TaskOf(ctx); t.Attempt < 2 {
		return nil, worker.TaskFail{Retry: true}
	}
	return in, nil
})

// promises are what was acknowledged before the power went.
type promises struct {
	submitted []uuid.UUID
	told      map[uuid.UUID]task.Task
}

// promise: until the power goes, tasks are submitted, leased, tried again, cancelled
// and ended. What is acknowledged is remembered.
func (h *house) promise() promises {
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
	h.note(p, func(ctx context.Context) (task.Task, error) { return h.d.Cancel(ctx, later.ID, "by the test") })
	for _, id := range p.submitted[:3] {
		h.note(p, func(ctx context.Context) (task.Task, error) { return h.d.Wait(ctx, id) })
	}
	return p
}

// note asks until there is an answer, or no power.
func (h *house) note(p promises, ask func(context.Context) (task.Task, error)) {
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

// kept checks a queue that was opened again: the promises are there, and what
// had not ended does so now, once.
func (p promises) kept(t *testing.T, d *storetest.Disk) {
	h := newHouseOver(t, stored(t, d), lasting)
	for _, id := range p.submitted {
		if _, err := h.d.Get(h.ctx, id); err != nil {
			t.Fatalf("acknowledged, and now: %v", err)
		}
	}
	h.worker("p", "second", 1, twiceTried)
	list, err := h.d.List(h.ctx, task.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list {
		if !one.NotBefore.IsZero() && one.State == task.Queued && time.Until(one.NotBefore) > time.Minute {
			continue // its cancel was not acknowledged
		}
		got := h.wait(one.ID)
		if told, ok := p.told[one.ID]; ok && (told.State != got.State || told.Tries() != got.Tries() || string(told.Result) != string(got.Result)) {
			t.Errorf("told as %+v\nand is %+v", told, got)
		}
		if got.State == task.Completed && string(got.Result) != string(got.Data) {
			t.Errorf("ended as %+v", got)
		}
	}
	h.stop()
}

// TestPowerCutAtEveryWriteOfADispatcher cuts the power at each operation on the
// disk while real tasks run, and goes on with what is left.
func TestPowerCutAtEveryWriteOfADispatcher(t *testing.T) {
	for n := 1; ; n++ {
		whole := false
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			disk := storetest.New(uint64(n))
			disk.CutAt(n)
			q, err := queue.Open("", queue.Options{Dir: disk, SegmentSize: 400})
			if err != nil {
				return // there was nobody yet to promise anything
			}
			h := newHouseOver(unpowered{t}, q, lasting)
			h.worker("p", "first", 2, twiceTried)
			p := h.promise()
			h.stop()
			whole = disk.Ops() < n
			p.kept(t, disk.PoweredOff(uint64(n)))
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
