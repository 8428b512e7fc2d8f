package store_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"initiator/internal/queue/store"
	"initiator/internal/queue/store/storetest"
)

// gate holds every sync of a disk up. A sync sends a token to begun, and ends
// after it has received a token from let.
type gate struct{ begun, let chan struct{} }

// gated puts a gate before the syncs of a disk.
func gated(t *testing.T, d *storetest.Disk) gate {
	g := gate{make(chan struct{}, 100), make(chan struct{}, 100)}
	d.BeforeSync(func() { g.begun <- struct{}{}; <-g.let })
	t.Cleanup(func() { d.BeforeSync(nil); close(g.let) }) // ends the syncs that are still held up
	return g
}

// wait waits until the next sync has begun.
func (g gate) wait(t *testing.T) {
	t.Helper()
	select {
	case <-g.begun:
	case <-time.After(30 * time.Second):
		t.Fatal("no sync has begun within 30 s")
	}
}

// TestBatchEndsAfterItsSync holds the sync of a batch up. The batch must not end
// before its sync.
func TestBatchEndsAfterItsSync(t *testing.T) {
	d := storetest.New(1)
	s, _ := open(t, d, store.Options{})
	mustWrite(t, s, "first") // the first batch syncs the header before
	g := gated(t, d)
	s.AddRecord(func(b []byte) []byte { return append(b, "slow"...) })
	s.WriteBatch()
	g.wait(t)
	if ended, err := s.BatchResult(); ended {
		t.Fatalf("the batch has ended (%v) before its sync", err)
	}
	g.let <- struct{}{}
	<-s.BatchDone()
	if ended, err := s.BatchResult(); !ended || err != nil {
		t.Errorf("%v, %v", ended, err)
	}
	d.BeforeSync(nil)
	for seed := range uint64(10) {
		if _, held := open(t, d.AfterPowerLoss(seed), store.Options{}); len(held) != 2 {
			t.Errorf("held %q", held)
		}
	}
}

// TestIntervalLosesOnlyUnsyncedBatches writes batches that end before their sync.
// A kill must cost no batch, and a loss of power only the batches since the last
// sync. The next batch must report a failed sync, once.
func TestIntervalLosesOnlyUnsyncedBatches(t *testing.T) {
	d := storetest.New(1)
	o := store.Options{Sync: store.Sync{Every: time.Microsecond}}
	s, _ := open(t, d, o)
	g := gated(t, d)
	mustWrite(t, s, "a") // the sync has not ended
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
		t.Error("no batch was lost with the power: the batch was synced before it ended")
	}
	g.let <- struct{}{}
	g.wait(t) // the next sync has begun, so the first has ended
	for seed := range uint64(20) {
		if held := heldAfter(t, d.AfterPowerLoss(seed), o); held < 1 {
			t.Fatal("a synced batch was lost")
		}
	}
	mustWrite(t, s, "c")
	d.FailSync(syscall.EIO)
	g.let <- struct{}{}
	g.wait(t) // the sync before this one has failed
	if _, err := write(s, "d"); !errors.Is(err, syscall.EIO) {
		t.Fatalf("the failed sync was reported as %v", err)
	}
	d.BeforeSync(nil)
	g.let <- struct{}{}
	d.FailSync(nil)
	for range 2 { // one error may wait for its report, and one sync may still fail
		_, _ = write(s, "e")
	}
	mustWrite(t, s, "f")
}

// heldAfter returns the number of records on a disk.
func heldAfter(t *testing.T, d *storetest.Disk, o store.Options) int {
	t.Helper()
	_, held := open(t, d, o)
	return len(held)
}
