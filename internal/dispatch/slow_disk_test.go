package dispatch

import (
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
	"initiator/internal/webhook"
)

// gateWrites holds up every sync of a disk. wait waits until a sync has begun;
// the sync goes on with a token from let.
func gateWrites(t *testing.T, d *storetest.Disk) (wait func(), let chan struct{}) {
	begun, let := make(chan struct{}, 100), make(chan struct{}, 100)
	d.BeforeSync(func() { begun <- struct{}{}; <-let })
	t.Cleanup(func() { d.BeforeSync(nil); close(let) }) // frees a sync that is still held up
	return func() {
		t.Helper()
		select {
		case <-begun:
		case <-time.After(patience):
			t.Fatal("nothing is synced")
		}
	}, let
}

// On a disk with slow syncs, all submits that arrive meanwhile share the next
// sync, and none is answered before the sync that stores its task.
func TestSubmitsShareASlowSync(t *testing.T) {
	t.Parallel()
	const clients = 300
	disk := storetest.New(1)
	q, err := queue.Open("", queue.Options{Dir: disk}) // one long file: a second file would need a sync of its own
	if err != nil {
		t.Fatal(err)
	}
	h := newTestDispatcherOver(t, q, newPool("p"), newPool("q"))
	h.mustSubmit(task.Request{Pool: "q"}) // makes the file, whose header has a sync of its own
	before := disk.CountSyncs()
	wait, let := gateWrites(t, disk)
	told := make(chan error, clients)
	submit := func() {
		_, err := h.d.Submit(h.ctx, task.Request{Pool: "p"})
		told <- err
	}
	go submit()
	wait()
	for range clients - 1 {
		go submit()
	}
	for queued := 0; queued < clients; {
		queued, err = askLoop(h.ctx, h.d, func(m *loopRequest[int], _ time.Time) { m.reply(q.CountQueued("p"), nil) }) // does not wait for a sync
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := len(told); n > 0 {
		t.Fatalf("%d were told before anything was synced", n)
	}
	let <- struct{}{}
	if err := <-told; err != nil {
		t.Error(err)
	}
	wait() // the sync of the other submits
	if n := len(told); n > 0 {
		t.Fatalf("%d were told before their sync", n)
	}
	let <- struct{}{}
	for range clients - 1 {
		if err := <-told; err != nil {
			t.Error(err)
		}
	}
	if n := disk.CountSyncs() - before; n != 2 {
		t.Errorf("%d submits took %d syncs, and 2 would do", clients, n)
	}
	disk.BeforeSync(nil)
	left := openStored(t, disk.AfterPowerLoss(1))
	if n := left.CountQueued("p"); n != clients {
		t.Errorf("%d are left after the power was cut", n)
	}
	if err := left.Close(); err != nil {
		t.Error(err)
	}
}

// The time of an attempt begins when it is sent. While the disk hangs with its
// lease, it is not sent, and neither timed out nor lost.
func TestLeaseWaitsForADisk(t *testing.T) {
	t.Parallel()
	disk := storetest.New(1)
	h := newTestDispatcherOver(t, openStored(t, disk), Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	h.attachWorker("p", "w", 1, echo)
	wait, let := gateWrites(t, disk)
	submitted := make(chan task.Task, 1)
	timeout := task.Seconds(time.Second)
	go func() {
		one, err := h.d.Submit(h.ctx, task.Request{Pool: "p", Timeout: &timeout})
		if err != nil {
			t.Error(err)
		}
		submitted <- one
	}()
	wait() // the sync of the task, and of its lease
	for begun := time.Now(); time.Since(begun) < timeout.Duration()*3/2; {
		if err := h.d.PingLoop(h.ctx); err != nil {
			t.Fatal(err)
		}
	}
	disk.BeforeSync(nil)
	let <- struct{}{}
	if got := h.mustWait((<-submitted).ID); got.State != task.Completed || len(got.History) != 1 {
		t.Errorf("%s %+v", got.State, got.History)
	}
}

// Every request is answered after its commit, and not before: a cancel, a
// retry, and the result of a worker, which may then forget the result.
func TestNoCallerIsAnsweredBeforeTheCommit(t *testing.T) {
	t.Parallel()
	disk := storetest.New(1)
	q, err := queue.Open("", queue.Options{Dir: disk})
	if err != nil {
		t.Fatal(err)
	}
	h := newTestDispatcherOver(t, q, newPool("p"), newPool("q"))
	waits := h.mustSubmit(task.Request{Pool: "q"}).ID
	token := h.attachSilentWorkers("m")[0]
	runs := h.mustSubmit(task.Request{Pool: "p"}).ID
	h.mustBe(runs, task.Running)
	wait, let := gateWrites(t, disk)
	for _, step := range []struct {
		what string
		ask  func() error
	}{
		{"cancel", func() error { _, err := h.d.Cancel(h.ctx, waits, "no"); return err }},
		{"retry", func() error { _, err := h.d.Retry(h.ctx, waits); return err }},
		{"result", func() error {
			return h.d.RecordResult(h.ctx, token, false, webhook.ResultBody{Task: webhook.TaskRef{ID: runs.String()}, Result: rawJSON(`1`)})
		}},
	} {
		told := make(chan error, 1)
		go func() { told <- step.ask() }()
		wait()
		for range 100 { // rounds of the loop in which an early answer would arrive
			if _, err := askLoop(h.ctx, h.d, func(m *loopRequest[struct{}], _ time.Time) { m.reply(struct{}{}, nil) }); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case err := <-told:
			t.Errorf("%s: told %v before it was kept", step.what, err)
			told <- err
		default:
		}
		let <- struct{}{}
		if err := <-told; err != nil {
			t.Errorf("%s: %v", step.what, err)
		}
	}
}
