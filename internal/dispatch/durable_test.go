package dispatch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
)

// openStored opens the queue on a disk.
func openStored(t *testing.T, d *storetest.Disk) *queue.Engine {
	t.Helper()
	q, err := queue.Open("", queue.Options{Dir: d, SegmentSize: 400})
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// While the disk is full, tasks are refused with the reason, and no caller gets
// a result. When there is room again, the pending result is stored and
// reported, and work goes on.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	disk := storetest.New(1)
	h := newTestDispatcherOver(t, openStored(t, disk), Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	one := h.mustSubmit(task.Request{Pool: "p", Data: []byte(`"kept"`)})
	waits := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	disk.SetRoom(0)
	data := fmt.Appendf(nil, "%01000d", 1)
	refused := uuid.Must(uuid.NewV7())
	if _, err := h.d.Submit(h.ctx, task.Request{Pool: "p", ID: refused, Data: []byte(`"` + string(data) + `"`)}); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("submit to a full disk: %v", err)
	}
	if why, err := h.d.StorageFault(h.ctx); err != nil || !strings.Contains(why, "no space") {
		t.Errorf("the fault is %q, %v", why, err)
	}
	if _, err := h.d.Get(h.ctx, refused); !errors.Is(err, task.ErrNotFound) {
		t.Errorf("a task that was refused: %v", err)
	}
	g.let()
	h.mustBe(one.ID, task.Completed) // a reader may see it
	soon, cancel := context.WithTimeout(h.ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := h.d.Wait(soon, one.ID); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a result was told that is not kept: %v", err)
	}
	disk.SetRoom(-1)
	if got := h.mustWait(one.ID); string(got.Result) != `"kept"` {
		t.Errorf("%+v", got)
	}
	if got := h.mustWait(waits.ID); got.State != task.Completed {
		t.Errorf("%+v", got)
	}
	h.stop()
	q := openStored(t, disk.AfterPowerLoss(1))
	if got, _ := q.FindTask(one.ID); got.State != task.Completed {
		t.Errorf("after a restart: %+v", got)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// A task that was running when the initiator was killed runs again, and is
// not charged.
func TestKilledWhileRunning(t *testing.T) {
	t.Parallel()
	disk := storetest.New(1)
	h := newTestDispatcherOver(t, openStored(t, disk), Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	one := h.mustSubmit(task.Request{Pool: "p", Data: []byte("1")})
	next := h.mustSubmit(task.Request{Pool: "p", Data: []byte("2")})
	g.next(t)
	left := disk.AfterPowerLoss(1)

	h = newTestDispatcherOver(t, openStored(t, left), Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	h.attachWorker("p", "w2", 1, echo)
	got := h.mustWait(one.ID)
	if got.State != task.Completed || got.Attempt != 1 || got.History[0].Outcome != task.OutcomeInterrupted {
		t.Errorf("%+v", got)
	}
	if got := h.mustWait(next.ID); got.State != task.Completed || got.Attempt != 1 || string(got.Result) != "2" {
		t.Errorf("%+v", got)
	}
}

// Many submits at once share a few syncs.
func TestGroupCommit(t *testing.T) {
	t.Parallel()
	disk := storetest.New(1)
	q, err := queue.Open("", queue.Options{Dir: disk})
	if err != nil {
		t.Fatal(err)
	}
	h := newTestDispatcherOver(t, q, Pool{Name: "p"})
	h.mustSubmit(task.Request{Pool: "p"}) // creates the file
	const many = 500
	release := make(chan struct{})
	h.d.mailbox.Put(blockingMessage{release})
	before := disk.CountWrites()
	var group sync.WaitGroup
	var asked sync.WaitGroup
	for range many {
		asked.Add(1)
		group.Go(func() {
			asked.Done()
			if _, err := h.d.Submit(h.ctx, task.Request{Pool: "p"}); err != nil {
				t.Error(err)
			}
		})
	}
	asked.Wait()
	close(release)
	group.Wait()
	if n := disk.CountWrites() - before; n > many/2 {
		t.Errorf("%d submits took %d operations on the disk", many, n)
	}
}

// blockingMessage stops the loop until it is released.
type blockingMessage struct{ release chan struct{} }

func (m blockingMessage) applyMessage(*Dispatcher, time.Time) { <-m.release }
