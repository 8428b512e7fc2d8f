package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
)

// Record is a stored record that is read in parts, because its payload may be
// hundreds of megabytes long. Any goroutine may use it, one at a time. When its
// segment is removed, the file stays open until Close.
type Record struct {
	segment *segment
	place   Place
	path    string // of the file, for errors
}

// FindRecord returns the record at a place, to be read until Close. It fails when
// the segment was removed. The goroutine of the Store calls it.
func (s *Store) FindRecord(p Place) (*Record, error) {
	i, ok := slices.BinarySearchFunc(s.segments, p.Segment, func(a *segment, n uint32) int { return cmp.Compare(a.number, n) })
	if !ok {
		return nil, fmt.Errorf("read a record: task file %d does not exist", p.Segment)
	}
	seg := s.segments[i]
	seg.readers.addReader()
	return &Record{segment: seg, place: p, path: s.dir.FilePath(seg.fileName())}, nil
}

// Size returns the length of the payload.
func (r *Record) Size() int64 { return int64(r.place.Size) - recordHead }

// ReadAt implements io.ReaderAt for the payload. The caller stays within Size.
func (r *Record) ReadAt(b []byte, at int64) (int, error) {
	n, err := r.segment.file.ReadAt(b, int64(r.place.At)+recordHead+at)
	if err != nil {
		err = fmt.Errorf("read %s: %w", r.path, err)
	}
	return n, err
}

// verifyBlock is how many bytes of a record Verify has in memory.
const verifyBlock = 64 << 10

// Verify reads the whole record, and returns an error when its checksum is wrong.
func (r *Record) Verify() error {
	var head [recordHead]byte
	if _, err := r.segment.file.ReadAt(head[:], int64(r.place.At)); err != nil {
		return fmt.Errorf("read %s: %w", r.path, err)
	}
	sum := checksum(r.place.Segment, int64(r.place.At), head[:4])
	block := make([]byte, min(r.Size(), verifyBlock))
	for at := int64(0); at < r.Size(); at += int64(len(block)) {
		block = block[:min(r.Size()-at, int64(len(block)))]
		if _, err := r.ReadAt(block, at); err != nil {
			return err
		}
		sum = crc32.Update(sum, castagnoli, block)
	}
	if int64(binary.LittleEndian.Uint32(head[:])) != r.Size() || binary.LittleEndian.Uint32(head[4:]) != sum {
		return fmt.Errorf("read %s: byte %d: the checksum is wrong", r.path, r.place.At)
	}
	return nil
}

// Close ends the use of the record. It may be called once.
func (r *Record) Close() { r.segment.readers.removeReader(r.segment.file) }

// fileReaders counts the records of a segment that are being read. The zero value
// has none.
type fileReaders struct {
	mu      sync.Mutex
	open    int
	removed bool // the store has removed the segment: the last reader closes the file
}

func (f *fileReaders) addReader() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open++
}

func (f *fileReaders) removeReader(file File) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.open--; f.open == 0 && f.removed {
		_ = file.Close() // it was only read, and has no name any more
	}
}

// closeFile closes the file of a removed segment, now or after its last reader.
func (s *segment) closeFile() error {
	s.readers.mu.Lock()
	defer s.readers.mu.Unlock()
	if s.readers.removed = true; s.readers.open > 0 {
		return nil
	}
	return s.file.Close()
}
