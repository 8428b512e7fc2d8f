package store

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"time"
)

// RecordFunc receives the records that count, in the order in which they were
// written. The payload is valid only until the function returns. An error ends
// the reading.
type RecordFunc func(p Place, payload []byte) error

// Open hands every record that counts to each, and returns a Store that is ready
// for batches. An absent or empty directory is an empty store; the first
// WriteBatch creates the first segment. Open cuts off a torn end. Errors:
// *VersionError, *DamageError, an error of the file system, or the error of
// each.
func Open(dir Dir, o Options, each RecordFunc) (*Store, error) {
	if o.SegmentSize <= 0 {
		o.SegmentSize = 64 << 20
	}
	s := &Store{o: o, dir: dir, jobs: make(chan struct{}, 1), batchDone: make(chan struct{}, 1)}
	s.syncer.stop = make(chan struct{})
	if err := s.readSegments(each); err != nil {
		for _, seg := range s.segments {
			_ = seg.file.Close() // the error that stops the start matters more
		}
		return nil, err
	}
	switch {
	case o.Sync.isAlways():
		s.group.Go(s.runWriter)
	case o.Sync.Every > 0:
		s.group.Go(func() { s.syncer.syncEvery(max(o.Sync.Every, time.Millisecond)) })
	}
	return s, nil
}

// readSegments opens all segments and reads their records, oldest first.
func (s *Store) readSegments(each RecordFunc) error {
	numbers, err := s.segmentNumbers()
	if err != nil {
		return fmt.Errorf("list the task files: %w", err)
	}
	for _, n := range numbers {
		if err := s.openSegment(n); err != nil {
			return err
		}
		s.newest = n
	}
	for i, seg := range s.segments {
		var next *segment
		if i+1 < len(s.segments) {
			next = s.segments[i+1]
		}
		if err := s.readBack(seg, next, each); err != nil {
			return err
		}
	}
	return nil
}

// segmentNumbers lists the numbers of the segments in the directory, ascending.
func (s *Store) segmentNumbers() ([]uint32, error) {
	names, err := s.dir.ListNames()
	var numbers []uint32
	for _, name := range names {
		seg := &segment{}
		if n, _ := fmt.Sscanf(name, "tasks.%d.log", &seg.number); n == 1 && seg.fileName() == name && seg.number > 0 {
			numbers = append(numbers, seg.number)
		}
	}
	slices.Sort(numbers)
	return numbers, err
}

// openSegment opens a segment and reads its header. It removes a file whose
// header was not complete when the process or the power ended: no record in such
// a file was ever acknowledged.
func (s *Store) openSegment(number uint32) error {
	seg := &segment{number: number}
	path := s.dir.FilePath(seg.fileName())
	f, err := s.dir.OpenFile(seg.fileName(), false)
	if err != nil {
		return fmt.Errorf("open the task file: %w: the initiator must be able to read and write it", err)
	}
	seg.file = f
	head := make([]byte, headerSize)
	n, err := f.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		_ = f.Close() // only read
		return fmt.Errorf("read %s: %w", path, err)
	}
	begun, err := seg.readHeader(head[:n], path)
	if err != nil || !begun {
		_ = f.Close() // only read
		if err != nil {
			return err
		}
		return s.dir.RemoveFile(seg.fileName())
	}
	if seg.ahead, err = f.Size(); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	s.segments = append(s.segments, seg)
	return nil
}

// readHeader reads the header. It reports false, without an error, for a file
// whose header is incomplete: head is empty, holds only zeros, or is a shorter
// beginning of a header.
func (s *segment) readHeader(head []byte, path string) (begun bool, err error) {
	if len(bytes.Trim(head, "\x00")) == 0 || len(head) < headerSize && bytes.HasPrefix([]byte(magic), head[:min(len(head), len(magic))]) {
		return false, nil
	}
	if len(head) < headerSize || string(head[:8]) != magic {
		return false, fmt.Errorf("%s is not a task file of initiator: move it to another place; it was not changed", path)
	}
	if s.version = binary.LittleEndian.Uint32(head[8:]); s.version < 1 || s.version > Version {
		return false, &VersionError{Path: path, Version: s.version}
	}
	if crc32.Checksum(head[:headerSize-4], castagnoli) != binary.LittleEndian.Uint32(head[headerSize-4:]) || binary.LittleEndian.Uint32(head[12:]) != s.number {
		return false, &DamageError{Path: path, At: 0}
	}
	s.before = uint32(binary.LittleEndian.Uint64(head[16:]))
	s.beforeEnd = int64(binary.LittleEndian.Uint64(head[24:]))
	return true, nil
}

// readBack hands out the records of one segment and finds its end. The header of
// the next segment says where this one ends; next is nil for the newest segment.
func (s *Store) readBack(seg, next *segment, each RecordFunc) error {
	limit := seg.ahead
	followed := next != nil && next.before == seg.number
	if followed {
		limit = min(limit, next.beforeEnd)
	}
	end, err := scanRecords(seg, headerSize, limit, 1<<20, each)
	if err != nil {
		return err
	}
	seg.end = end
	if followed && end != next.beforeEnd || hasSyncedMarkAfter(seg, end, limit) {
		return &DamageError{Path: s.dir.FilePath(seg.fileName()), At: end}
	}
	if next != nil {
		return nil
	}
	return s.cutTornEnd(seg)
}

// cutTornEnd cuts off the bytes behind the last record of the newest segment.
// Then it syncs the segment: records that Open handed out must be on the disk
// before a new record depends on them.
func (s *Store) cutTornEnd(seg *segment) error {
	rest := make([]byte, seg.ahead-seg.end)
	if _, err := seg.file.ReadAt(rest, seg.end); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", s.dir.FilePath(seg.fileName()), err)
	}
	if s.torn = int64(len(bytes.TrimRight(rest, "\x00"))); s.torn > 0 {
		if err := seg.file.Truncate(seg.end); err != nil {
			return fmt.Errorf("cut the torn end of %s: %w", s.dir.FilePath(seg.fileName()), err)
		}
		seg.ahead = seg.end
	}
	if s.o.Sync.Off {
		return nil
	}
	if err := seg.file.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", s.dir.FilePath(seg.fileName()), err)
	}
	return nil
}

// scanRecords hands out the records between two positions, and returns the
// position behind the last good record. An error comes from the file or from
// each.
func scanRecords(seg *segment, from, limit int64, buffer int, each RecordFunc) (end int64, err error) {
	in := bufio.NewReaderSize(io.NewSectionReader(seg.file, from, limit-from), buffer)
	var record []byte
	for at := from; ; {
		head, err := in.Peek(recordHead)
		if err != nil {
			return at, notEOF(err)
		}
		size := int64(binary.LittleEndian.Uint32(head))
		if size == markMagic {
			head, err = in.Peek(markSize)
			if _, ok := parseMark(head, seg.number, at); !ok {
				return at, notEOF(err)
			}
			_, _ = in.Discard(markSize) // cannot fail: Peek has read these bytes
			at += markSize
			continue
		}
		if size += recordHead; size == recordHead || size > maxRecord || size > limit-at {
			return at, nil
		}
		record = slices.Grow(record[:0], int(size))[:size]
		if _, err := io.ReadFull(in, record); err != nil {
			return at, notEOF(err)
		}
		if !isSound(record, seg.number, at) {
			return at, nil
		}
		if err := each(Place{seg.number, uint32(at), uint32(size)}, record[recordHead:]); err != nil {
			return at, err
		}
		at += size
	}
}

// notEOF returns err, or nil when err says that the file ended.
func notEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// hasSyncedMarkAfter reports whether a valid mark with markSynced stands behind
// the end of the good records. Everything before that mark was on the disk, so
// the bad bytes in between are damage and not a torn end.
func hasSyncedMarkAfter(seg *segment, end, limit int64) bool {
	rest := make([]byte, limit-end)
	n, _ := seg.file.ReadAt(rest, end) // unreadable bytes are no mark
	rest = rest[:n]
	sign := binary.LittleEndian.AppendUint32(nil, markMagic)
	for at := 0; ; at++ {
		i := bytes.Index(rest[at:], sign)
		if i < 0 {
			return false
		}
		at += i
		if flags, ok := parseMark(rest[at:], seg.number, end+int64(at)); ok && flags&markSynced != 0 {
			return true
		}
	}
}
