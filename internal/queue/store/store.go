package store

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Place is where a record is. The zero value is nowhere.
type Place struct {
	Segment uint32 // the number of its file, from 1
	At      uint32 // position
	Size    uint32 // bytes, with its head
}

// IsZero says whether p is nowhere.
func (p Place) IsZero() bool { return p.Segment == 0 }

// Options of a store; the zero value is good.
type Options struct {
	Sync Sync
	// SegmentSize is the length from which on a new file is begun; 0 = 64 MiB.
	SegmentSize int64
}

// Store is used by one goroutine. With Always it has one more, its own, that
// writes and syncs.
type Store struct {
	o   Options
	dir Dir

	segments []*segment // oldest first; the last one is written to
	newest   uint32     // highest number ever given
	broken   bool       // the last one must not be written to any more
	torn     int64

	batch  []byte   // what Add has collected since begin
	target *segment // where it goes; nil before the first Add

	jobs      chan struct{}           // the batch may be written
	result    atomic.Pointer[outcome] // of the batch that was on its way
	batchDone chan struct{}
	group     sync.WaitGroup
	syncer    syncer
}

type outcome struct{ err error }

// spareBatch is how long a batch may be whose memory is used again.
const spareBatch = 4 << 20

// AddRecord puts a record into the batch. encode appends the payload, at least one
// byte, to a slice. The Place holds once the batch has Ended without an error;
// with one it is void.
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

// beginBatch chooses the file of a batch and writes its mark.
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

func (s *Store) lastSegment() *segment {
	if len(s.segments) == 0 {
		return nil
	}
	return s.segments[len(s.segments)-1]
}

// WriteBatch sends the batch, which holds a record at least, on its way. Nothing may
// be added before it has Ended; without Always it can be asked at once.
func (s *Store) WriteBatch() {
	if s.o.Sync.isAlways() {
		s.jobs <- struct{}{}
		return
	}
	s.result.Store(&outcome{s.putBatch()})
}

// BatchDone has a token when the batch on its way has come to its end. Without
// Always it is never needed.
func (s *Store) BatchDone() <-chan struct{} { return s.batchDone }

// runWriter is the goroutine that writes and syncs.
func (s *Store) runWriter() {
	for range s.jobs {
		err := s.putBatch()
		s.result.Store(&outcome{err})
		select {
		case s.batchDone <- struct{}{}:
		default: // the token of the batch before was not needed
		}
	}
}

// putBatch writes the batch, and with Always syncs it.
func (s *Store) putBatch() error {
	to := s.target
	if fault := s.syncer.fault.Swap(nil); fault != nil {
		return *fault
	}
	if to.file == nil {
		if err := s.nextSegment(to); err != nil {
			return err
		}
	}
	if !s.o.Sync.isAlways() {
		s.syncer.file.Store(to)
		return to.writeBatch(to.end, s.batch, 0)
	}
	room := min(roomAhead, max(leastAhead, to.end), s.o.SegmentSize/4)
	if err := to.writeBatch(to.end, s.batch, room); err != nil {
		return err
	}
	return to.file.Sync()
}

// nextSegment makes the next file. The one before is synced first: only the newest
// may end in something torn.
func (s *Store) nextSegment(to *segment) error {
	if last := s.lastSegment(); last != nil && !s.broken && !s.o.Sync.isAlways() {
		if err := last.file.Sync(); err != nil {
			return err
		}
	}
	return to.createFile(s.dir)
}

// BatchResult says whether the batch that was on its way has come to its end, and
// how. After an error nothing of it will ever be read again.
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
		s.segments, s.broken = append(s.segments, to), false
	}
	to.end += int64(len(s.batch))
	if cap(s.batch) > spareBatch {
		s.batch = nil
	}
	return true, nil
}

// abandonSegment gives a file up. What the kernel has thrown away after a fault of the
// disk is not known, so nothing more is written there.
func (s *Store) abandonSegment(to *segment) {
	if to != s.lastSegment() {
		to.discardFile(s.dir)
		return
	}
	s.broken = true
	_ = to.file.Truncate(to.end) // gives room back; the next file's header says the same
}

// Read returns the payload of a record.
func (s *Store) Read(p Place) ([]byte, error) {
	i, ok := slices.BinarySearchFunc(s.segments, p.Segment, func(a *segment, n uint32) int { return cmp.Compare(a.number, n) })
	if !ok {
		return nil, fmt.Errorf("read a record: there is no file %d", p.Segment)
	}
	b, err := s.segments[i].readPayload(p)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", s.dir.FilePath(s.segments[i].fileName()), err)
	}
	return b, nil
}

// TotalSize is the length of all files, up to their last records.
func (s *Store) TotalSize() (n int64) {
	for _, seg := range s.segments {
		n += seg.end
	}
	return n
}

// TornBytes is the number of bytes at the end of the newest file that Open threw
// away: a batch that was being written when the process or the power ended.
func (s *Store) TornBytes() int64 { return s.torn }

// Close ends the use of the store. No batch may be on its way.
func (s *Store) Close() error {
	close(s.jobs)
	close(s.syncer.stop)
	s.group.Wait()
	var errs []error
	if last := s.lastSegment(); last != nil && !s.o.Sync.Off && !s.broken {
		errs = append(errs, last.file.Sync())
	}
	for _, seg := range s.segments {
		errs = append(errs, seg.file.Close())
	}
	return errors.Join(errs...)
}
