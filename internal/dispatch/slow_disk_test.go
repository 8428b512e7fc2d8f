package dispatch

import (
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store/storetest"
	"initiator/proactor"
)

// gated holds every sync of a disk up: wait waits until one has begun, which
// goes on with a token from let.
func gated(t *testing.T, d *storetest.Disk) (wait func(), let chan struct{}) {
	begun, let := make(chan struct{}, 100), make(chan struct{}, 100)
	d.BeforeSync(func() { begun <- struct{}{}; <-let })
	t.Cleanup(func() { d.BeforeSync(nil); close(let) }) // whoever is held up still
	return func() {
		t.Helper()
		select {
		case <-begun:
		case <-time.After(patience):
			t.Fatal("nothing is synced")
		}
	}, let
}

// On a disk whose syncs take long, all who submit meanwhile share the next one,
// and nobody is told before the sync that has his task.
func TestSubmitsShareASlowSync(t *testing.T) {
	const clients = 300
	disk := storetest.New(1)
	q, err := queue.Open("", queue.Options{Dir: disk}) // one long file: another one would have a sync of its own
	if err != nil {
		t.Fatal(err)
	}
	h := newHouseOver(t, q, def("p"))
	wait, let := gated(t, disk)
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
		queued, err = askLoop(h.ctx, h.d, func(m *loopRequest[int], _ time.Time) { m.reply(q.CountQueued("p"), nil) }) // waits for no sync
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
	wait() // the sync that has the others
	if n := len(told); n > 0 {
		t.Fatalf("%d were told before their sync", n)
	}
	let <- struct{}{}
	for range clients - 1 {
		if err := <-told; err != nil {
			t.Error(err)
		}
	}
	if n := disk.Syncs(); n != 2 {
		t.Errorf("%d submits took %d syncs, and 2 would do", clients, n)
	}
	disk.BeforeSync(nil)
	left := stored(t, disk.PoweredOff(1))
	if n := left.CountQueued("p"); n != clients {
		t.Errorf("%d are left after the power was cut", n)
	}
	if err := left.Close(); err != nil {
		t.Error(err)
	}
}

// Whatever is asked is answered when it is kept, and not before: a cancel, a
// retry, and a worker's result, who may forget it then.
func TestNobodyIsToldBeforeItIsKept(t *testing.T) {
	disk := storetest.New(1)
	q, err := queue.Open("", queue.Options{Dir: disk})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouseOver(t, q, def("p"), def("q"))
	waits := h.submit(task.Request{Pool: "q"}).ID
	token := h.mutes("m")[0]
	runs := h.submit(task.Request{Pool: "p"}).ID
	h.is(runs, task.Running)
	wait, let := gated(t, disk)
	for _, step := range []struct {
		what string
		ask  func() error
	}{
		{"cancel", func() error { _, err := h.d.Cancel(h.ctx, waits, "no"); return err }},
		{"retry", func() error { _, err := h.d.Retry(h.ctx, waits); return err }},
		{"result", func() error {
			return h.d.RecordResult(h.ctx, token, false, proactor.ResultBody{Task: proactor.TaskRef{ID: runs.String()}, Result: raw(`1`)})
		}},
	} {
		told := make(chan error, 1)
		go func() { told <- step.ask() }()
		wait()
		for range 100 { // turns of the loop, in which whoever was told would get to say so
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
