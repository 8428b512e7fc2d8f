package store_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"initiator/internal/queue/store"
	"initiator/internal/queue/store/storetest"
)

// gate holds every sync of a disk up: each announces itself in begun, and goes
// on with a token from let.
type gate struct{ begun, let chan struct{} }

func gated(t *testing.T, d *storetest.Disk) gate {
	g := gate{make(chan struct{}, 100), make(chan struct{}, 100)}
	d.BeforeSync(func() { g.begun <- struct{}{}; <-g.let })
	t.Cleanup(func() { d.BeforeSync(nil); close(g.let) }) // whoever is held up still
	return g
}

// wait waits until a sync has begun.
func (g gate) wait(t *testing.T) {
	t.Helper()
	select {
	case <-g.begun:
	case <-time.After(30 * time.Second):
		t.Fatal("nothing is synced")
	}
}

// A batch has not ended before its sync has, however long that takes.
func TestNothingEndsBeforeItsSync(t *testing.T) {
	d := storetest.New(1)
	s, _ := open(t, d, store.Options{})
	g := gated(t, d)
	s.AddRecord(func(b []byte) []byte { return append(b, "slow"...) })
	s.WriteBatch()
	g.wait(t)
	if ended, err := s.BatchResult(); ended {
		t.Fatalf("it has ended (%v), and the sync has not", err)
	}
	g.let <- struct{}{}
	<-s.BatchDone()
	if ended, err := s.BatchResult(); !ended || err != nil {
		t.Errorf("%v, %v", ended, err)
	}
	d.BeforeSync(nil)
	for seed := range uint64(10) {
		if _, held := open(t, d.AfterPowerLoss(seed), store.Options{}); len(held) != 1 {
			t.Errorf("held %q", held)
		}
	}
}

// With an interval, a batch ends when it is written: a killed process loses
// none, a loss of power those since the last sync. A sync that fails is told
// once, by the next batch.
func TestInterval(t *testing.T) {
	d := storetest.New(1)
	o := store.Options{Sync: store.Sync{Every: time.Microsecond}}
	s, _ := open(t, d, o)
	g := gated(t, d)
	mustWrite(t, s, "a") // although no sync comes to its end
	g.wait(t)
	mustWrite(t, s, "b")
	if _, held := open(t, d.AfterKill(), o); len(held) != 2 {
		t.Errorf("killed: held %q", held)
	}
	lost := 0
	for seed := range uint64(20) {
		if held := heldAfter(t, d.AfterPowerLoss(seed), o); held < 2 {
			lost++
		}
	}
	if lost == 0 {
		t.Error("nothing was lost with the power, so it was synced: that is not what an interval is for")
	}
	g.let <- struct{}{}
	g.wait(t) // the next one: that before is over
	for seed := range uint64(20) {
		if held := heldAfter(t, d.AfterPowerLoss(seed), o); held < 1 {
			t.Fatal("what was synced is lost")
		}
	}
	mustWrite(t, s, "c")
	d.FailSync(syscall.EIO)
	g.let <- struct{}{}
	g.wait(t) // so that before has failed
	if _, err := write(s, "d"); !errors.Is(err, syscall.EIO) {
		t.Fatalf("a sync that failed is told as %v", err)
	}
	d.BeforeSync(nil)
	g.let <- struct{}{}
	d.FailSync(nil)
	for range 2 { // a fault may be waiting, and a sync that fails be under way
		_, _ = write(s, "e")
	}
	mustWrite(t, s, "f")
}

// heldAfter counts what a disk holds after the power was cut: in a moment in
// which its newest file was not made, that file does not count.
func heldAfter(t *testing.T, d *storetest.Disk, o store.Options) int {
	t.Helper()
	_, held := open(t, d, o)
	return len(held)
}
