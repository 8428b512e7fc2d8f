package dispatch

import (
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/initiator/task/store/storetest"
)

// On a disk whose syncs take long, all who submit meanwhile share the next one,
// and nobody is told before the sync that has his task.
func TestSubmitsShareASlowSync(t *testing.T) {
	const clients = 300
	disk := storetest.New(1)
	q, err := task.Open("", task.Options{Dir: disk}) // one long file: another one would have a sync of its own
	if err != nil {
		t.Fatal(err)
	}
	h := newHouseOver(t, q, def("p"))
	begun, let := make(chan struct{}, 100), make(chan struct{}, 100)
	disk.BeforeSync(func() { begun <- struct{}{}; <-let })
	told := make(chan error, clients)
	submit := func() {
		_, err := h.d.Submit(h.ctx, task.Request{Pool: "p"})
		told <- err
	}
	go submit()
	<-begun
	for range clients - 1 {
		go submit()
	}
	for queued := 0; queued < clients; {
		queued, err = ask(h.ctx, h.d, func(m *ask1[int], _ time.Time) { m.tell(q.Queued("p"), nil) }) // waits for no sync
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
	<-begun // the sync that has the others
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
	if n := left.Queued("p"); n != clients {
		t.Errorf("%d are left after the power was cut", n)
	}
	if err := left.Close(); err != nil {
		t.Error(err)
	}
}
