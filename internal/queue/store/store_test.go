package store_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/internal/queue/store"
	"initiator/internal/queue/store/storetest"
)

// open opens the store on a disk, and returns it with the records that it holds.
// The test closes it.
func open(t testing.TB, d store.Dir, o store.Options) (*store.Store, []string) {
	t.Helper()
	var held []string
	s, err := store.Open(d, o, func(_ store.Place, b []byte) error {
		held = append(held, string(b))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // the disk of some tests still fails
	return s, held
}

// write writes one batch and waits for its result.
func write(s *store.Store, records ...string) (places []store.Place, err error) {
	for _, r := range records {
		places = append(places, s.AddRecord(func(b []byte) []byte { return append(b, r...) }))
	}
	s.WriteBatch()
	for {
		if ended, err := s.BatchResult(); ended {
			return places, err
		}
		<-s.BatchDone()
	}
}

// mustWrite writes one batch that must succeed.
func mustWrite(t testing.TB, s *store.Store, records ...string) []store.Place {
	t.Helper()
	places, err := write(s, records...)
	if err != nil {
		t.Fatal(err)
	}
	return places
}

func TestOpenReadsEveryBatch(t *testing.T) {
	for _, sync := range []store.Sync{{}, {Off: true}, {Every: time.Millisecond}} {
		t.Run(sync.String(), func(t *testing.T) {
			d, o := storetest.New(1), store.Options{Sync: sync, SegmentSize: 200}
			s, _ := open(t, d, o)
			var want []string
			for n := range 50 {
				one, two := fmt.Sprint("one ", n), strings.Repeat("2", n)+"!"
				for i, p := range mustWrite(t, s, one, two) {
					if b, err := s.Read(p); err != nil || string(b) != []string{one, two}[i] {
						t.Fatalf("read %q, %v", b, err)
					}
				}
				want = append(want, one, two)
			}
			if _, held := open(t, d.AfterKill(), o); fmt.Sprint(held) != fmt.Sprint(want) {
				t.Errorf("held %q", held)
			}
		})
	}
}

// TestFailedBatchIsNeverRead fails the sync of a batch. All of its bytes may be on
// the disk, but Open must not read them.
func TestFailedBatchIsNeverRead(t *testing.T) {
	d := storetest.New(1)
	s, _ := open(t, d, store.Options{})
	mustWrite(t, s, "first")
	d.FailSync(syscall.EIO)
	if _, err := write(s, "second"); !errors.Is(err, syscall.EIO) {
		t.Fatalf("%v", err)
	}
	d.FailSync(nil)
	mustWrite(t, s, "third")
	for _, left := range []*storetest.Disk{d.AfterKill(), d.AfterPowerLoss(1), d.AfterPowerLoss(2)} {
		if _, held := open(t, left, store.Options{}); fmt.Sprint(held) != "[first third]" {
			t.Errorf("held %q", held)
		}
	}
}

// TestFailedBatchThatCannotBeCutOffIsNeverRead fails a batch on a disk that also
// refuses to cut the file. The next batch is as long as a part of the failed one.
func TestFailedBatchThatCannotBeCutOffIsNeverRead(t *testing.T) {
	d := storetest.New(1)
	s, _ := open(t, d, store.Options{})
	mustWrite(t, s, "first")
	d.BeforeSync(func() { d.SetReadOnly(true) })
	if _, err := write(s, "bad 1", "bad 2"); !errors.Is(err, syscall.EROFS) {
		t.Fatalf("%v", err)
	}
	d.BeforeSync(nil)
	d.SetReadOnly(false)
	mustWrite(t, s, "third")
	for _, left := range []*storetest.Disk{d.AfterKill(), d.AfterPowerLoss(1), d.AfterPowerLoss(2)} {
		if _, held := open(t, left, store.Options{}); fmt.Sprint(held) != "[first third]" {
			t.Errorf("held %q", held)
		}
	}
}

// TestOpenSyncsTheRecordsItReads opens a store whose records were never synced.
// From then on a loss of power must not cost these records.
func TestOpenSyncsTheRecordsItReads(t *testing.T) {
	d := storetest.New(1)
	s, _ := open(t, d, store.Options{Sync: store.Sync{Off: true}})
	mustWrite(t, s, "unsynced")
	if _, held := open(t, d, store.Options{}); len(held) != 1 {
		t.Fatalf("held %q", held)
	}
	for seed := range uint64(20) {
		if _, held := open(t, d.AfterPowerLoss(seed), store.Options{}); len(held) != 1 {
			t.Fatal("a record that Open has read was lost with the power")
		}
	}
}

// TestRemoveSegmentSyncsTheRewrittenRecords removes a segment of a store whose
// batches do not wait for a sync. The records that were written again must be on
// the disk before the segment is removed.
func TestRemoveSegmentSyncsTheRewrittenRecords(t *testing.T) {
	d, o := storetest.New(1), store.Options{SegmentSize: 100, Sync: store.Sync{Every: time.Hour}}
	s, _ := open(t, d, o)
	mustWrite(t, s, "wanted: "+strings.Repeat("w", 100))
	mustWrite(t, s, "another file")
	old := s.WalkOldest()
	var again []string
	if last, err := s.WalkStep(old, 1000, func(_ store.Place, b []byte) error { again = append(again, string(b)); return nil }); !last || err != nil {
		t.Fatal(last, err)
	}
	mustWrite(t, s, again...)
	if err := s.RemoveSegment(old); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(20) {
		if _, held := open(t, d.AfterPowerLoss(seed), o); !strings.Contains(strings.Join(held, "\n"), "wanted: w") {
			t.Fatalf("held %q", held)
		}
	}
}

func TestBatchFailsOnAReadOnlyDisk(t *testing.T) {
	d := storetest.New(1)
	d.SetReadOnly(true)
	s, _ := open(t, d, store.Options{})
	if _, err := write(s, "x"); !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), "disk/tasks.00000001.log") {
		t.Fatalf("%v", err)
	}
	d.SetReadOnly(false)
	mustWrite(t, s, "y")
	if _, held := open(t, d.AfterPowerLoss(1), store.Options{}); fmt.Sprint(held) != "[y]" {
		t.Errorf("held %q", held)
	}
}

// fourBatches returns a disk with four batches in two segments.
func fourBatches(t testing.TB) (*storetest.Disk, store.Options) {
	d, o := storetest.New(1), store.Options{SegmentSize: 100}
	s, _ := open(t, d, o)
	for _, r := range []string{"aaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbb", "cccccccccccccccc", "dddddddddddddddd"} {
		mustWrite(t, s, r)
	}
	return d.AfterKill(), o
}

// TestRemovedSegmentStaysRemoved removes segments and cuts the power. A removed
// segment must not come back without the younger segments that replaced its
// records.
func TestRemovedSegmentStaysRemoved(t *testing.T) {
	d, o := storetest.New(1), store.Options{SegmentSize: 100}
	s, _ := open(t, d, o)
	for n := range 12 {
		mustWrite(t, s, fmt.Sprintf("%d%015d", n, n))
	}
	for range 4 {
		w := s.WalkOldest()
		for last := false; !last; {
			var err error
			if last, err = s.WalkStep(w, 20, func(store.Place, []byte) error { return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.RemoveSegment(w); err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(20) {
			_, held := open(t, d.AfterPowerLoss(seed), o)
			if want := mustHold(t, d, o); fmt.Sprint(held) != fmt.Sprint(want) {
				t.Fatalf("held %q, want %q", held, want)
			}
		}
	}
	if s.WalkOldest() != nil && len(mustHold(t, d, o)) == 0 {
		t.Error("the newest segment must not be removed")
	}
}

// mustHold returns the records on a disk after its process was killed.
func mustHold(t *testing.T, d *storetest.Disk, o store.Options) []string {
	_, held := open(t, d.AfterKill(), o)
	return held
}
