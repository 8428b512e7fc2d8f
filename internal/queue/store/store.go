package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"initiator/initiator/report"
)

// Place says where a record stands. The zero value is no place.
type Place struct {
	Segment uint32 // number of the segment, from 1
	At      uint32 // position in the file
	Size    uint32 // bytes of the record, its head included
}

// IsZero reports whether p is the zero value.
func (p Place) IsZero() bool { return p.Segment == 0 }

// Options configure a store. The zero value is valid.
type Options struct {
	Sync Sync
	// SegmentSize is the length in bytes at which the store begins a new
	// segment; 0 = 64 MiB.
	SegmentSize int64
	// HoleFound is called by Open when it skips bytes that are no record, before
	// it hands out the next record; nil = nothing is called.
	HoleFound func()
	// NoteDamage is called by Open with all damage, once, before Open changes a
	// damaged file. It writes down what was lost, because later starts find no
	// damage any more. After an error Open changes no damaged file. nil =
	// nothing is written down.
	NoteDamage func([]report.Damage) error
}

// Store is an open sequence of segments. One goroutine uses it. When Sync is
// always, a second goroutine (runWriter) writes and syncs the batches; between
// WriteBatch and BatchResult only that goroutine uses the batch and writes to
// its segment. When Sync is an interval, the second goroutine (syncEvery) only syncs.
type Store struct {
	o   Options
	dir Dir

	mu        sync.Mutex  // guards changes of segments, for CheckFiles
	segments  []*segment  // oldest first; batches go to the last segment
	newest    uint32      // highest number of a segment so far
	broken    bool        // no batch may be written to the last segment any more
	checked   time.Time   // when putBatch has called CheckFiles
	gone      atomic.Bool // the last CheckFiles returned an error
	unsettled bool        // the newest segment has a torn end, or is not synced
	damage    []report.Damage
	repairErr error // why Open left damaged files unchanged
	settleErr error // why Open could not settle
	tornEnd   string

	batch  []byte   // records that AddRecord has collected
	target *segment // segment of the batch; nil before its first record

	jobs      chan struct{}           // tells runWriter to write the batch
	result    atomic.Pointer[outcome] // of the written batch, until BatchResult takes it
	batchDone chan struct{}           // capacity 1: a token for each result
	group     sync.WaitGroup
	syncer    syncer
}

// outcome is the result of a batch.
type outcome struct{ err error }

// spareBatch is the largest capacity, in bytes, of a batch whose memory is
// reused.
const spareBatch = 4 << 20

// AddRecord adds a record to the batch. encode appends the payload, at least one
// byte, to a slice. The returned Place is valid when BatchResult reports success,
// and void when BatchResult reports an error.
func (s *Store) AddRecord(encode func([]byte) []byte) Place {
	if s.target == nil {
		s.beginBatch()
	}
	start := len(s.batch)
	s.batch = encode(append(s.batch, make([]byte, recordHead)...))
	at := s.target.end + int64(start)
	sealRecord(s.batch[start:], s.target.number, at)
	return Place{Segment: s.target.number, At: uint32(at), Size: uint32(len(s.batch) - start)}
}

// beginBatch chooses the segment of a batch and appends the mark.
func (s *Store) beginBatch() {
	last := s.lastSegment()
	if s.target = last; last == nil || s.broken || last.version < Version || last.end >= s.o.SegmentSize {
		s.newest++
		s.target = &segment{number: s.newest, version: Version, end: headerSize}
		if last != nil {
			s.target.before, s.target.beforeEnd = last.number, last.end
		}
	}
	flags := uint32(0)
	if s.o.Sync.isAlways() {
		flags = markSynced
	}
	s.batch = appendMark(s.batch[:0], s.target.number, s.target.end, flags)
}

// lastSegment returns the newest segment, nil when there is none.
func (s *Store) lastSegment() *segment {
	if len(s.segments) == 0 {
		return nil
	}
	return s.segments[len(s.segments)-1]
}

// WriteBatch starts writing the batch, which must hold at least one record. No
// record may be added until BatchResult has reported the end of the batch. Unless
// Sync is always, the batch has ended when WriteBatch returns.
func (s *Store) WriteBatch() {
	if s.o.Sync.isAlways() {
		s.jobs <- struct{}{}
		return
	}
	s.result.Store(&outcome{s.putBatch()})
}

// BatchDone receives a token when the written batch has ended. Unless Sync is
// always, it never receives a token, because WriteBatch waits for the end.
func (s *Store) BatchDone() <-chan struct{} { return s.batchDone }

// runWriter writes and syncs batches until Close.
func (s *Store) runWriter() {
	for range s.jobs {
		err := s.putBatch()
		s.result.Store(&outcome{err})
		select {
		case s.batchDone <- struct{}{}:
		default: // the token of the previous batch was not taken
		}
	}
}

// putBatch writes the batch, and syncs it when Sync is always. It returns the
// error of an earlier interval sync instead, if there was one.
func (s *Store) putBatch() error {
	to := s.target
	if fault := s.syncer.fault.Swap(nil); fault != nil {
		return *fault
	}
	if err := s.checkFilesSometimes(to); err != nil {
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	if to.file == nil {
		if err := s.nextSegment(to); err != nil {
			return err
		}
	}
	if !s.o.Sync.isAlways() {
		s.syncer.file.Store(to)
		return cmp.Or(to.writeBatch(to.end, s.batch, 0), s.checkNamed(to))
	}
	room := min(roomAhead, max(leastAhead, to.end), s.o.SegmentSize/4)
	if err := to.writeBatch(to.end, s.batch, room); err != nil {
		return err
	}
	if err := to.file.Sync(); err != nil {
		return err
	}
	return s.checkNamed(to)
}

// nextSegment creates the next segment. It syncs the previous segment first,
// because only the newest segment may have a torn end.
func (s *Store) nextSegment(to *segment) error {
	if last := s.lastSegment(); last != nil && !s.broken && !s.o.Sync.isAlways() {
		if err := last.file.Sync(); err != nil {
			return err
		}
	}
	return to.createFile(s.dir, s.o.Sync.isAlways())
}

// BatchResult reports whether the written batch has ended, and its error. It
// reports an end once. After an error, no record of the batch will ever be read
// by Open.
func (s *Store) BatchResult() (ended bool, err error) {
	got := s.result.Swap(nil)
	if got == nil {
		return false, nil
	}
	to := s.target
	s.target = nil
	if got.err != nil {
		s.abandonSegment(to)
		return true, fmt.Errorf("write %s: %w", s.dir.FilePath(to.fileName()), got.err)
	}
	if to != s.lastSegment() {
		s.setSegments(append(s.segments, to))
		s.broken = false
	}
	to.end += int64(len(s.batch))
	if cap(s.batch) > spareBatch {
		s.batch = nil
	}
	return true, nil
}

// abandonSegment makes the next batch begin a new segment. After an error of the
// disk it is unknown which pages the kernel has dropped, so no batch is written to
// this segment any more.
func (s *Store) abandonSegment(to *segment) {
	if to != s.lastSegment() {
		to.discardFile(s.dir)
		return
	}
	s.broken = true
	_ = to.file.Truncate(to.end) // frees space; the header of the next segment stores the end as well
}

// Read returns the payload of a record. It fails when the segment was removed,
// when the file cannot be read, or when the checksum is wrong.
func (s *Store) Read(p Place) ([]byte, error) {
	i, ok := slices.BinarySearchFunc(s.segments, p.Segment, func(a *segment, n uint32) int { return cmp.Compare(a.number, n) })
	if !ok {
		return nil, fmt.Errorf("read a record: task file %d does not exist", p.Segment)
	}
	b, err := s.segments[i].readPayload(p)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.dir.FilePath(s.segments[i].fileName()), err)
	}
	return b, nil
}

// TotalSize returns the sum of the lengths of all segments, in bytes, up to
// their last records.
func (s *Store) TotalSize() (n int64) {
	for _, seg := range s.segments {
		n += seg.end
	}
	return n
}

// TornEnd describes the incomplete batch at the end of the newest segment that
// Open has found; "" = there was none.
func (s *Store) TornEnd() string { return s.tornEnd }

// Damage returns the damage that Open has found.
func (s *Store) Damage() []report.Damage { return s.damage }

// RepairError returns why Open left damaged files unchanged; nil = it changed
// them, or there was no damage.
func (s *Store) RepairError() error { return s.repairErr }

// SettleError returns why the records that Open has read are not safely on the
// disk; nil = they are. While it is not nil every batch fails with it.
func (s *Store) SettleError() error { return s.settleErr }

// Close syncs and closes all segments, unless Sync is off. No batch may be
// between WriteBatch and BatchResult. Close may be called once.
func (s *Store) Close() error {
	close(s.jobs)
	close(s.syncer.stop)
	s.group.Wait()
	var errs []error
	if last := s.lastSegment(); last != nil && !s.broken && !s.unsettled {
		if !s.o.Sync.Off {
			errs = append(errs, last.file.Sync())
		}
		if errors.Join(errs...) == nil {
			s.noteEnd(last)
		}
	}
	for _, seg := range s.segments {
		errs = append(errs, seg.file.Close())
	}
	return errors.Join(errs...)
}
