package store

import (
	"errors"
	"fmt"
	"io/fs"
)

// Version is the version of the segments that this package writes. Records of
// version 1 have no tagged fields; the layout of the files is otherwise the
// same. Open reads both versions.
const Version = 2

const (
	magic      = "INITASKS"
	headerSize = 40
	// roomAhead and leastAhead are the most and the least bytes that are filled
	// with zeros at once before records need them. A sync costs half when it
	// does not have to store a new length. The least is small so that a short
	// file stays short.
	roomAhead, leastAhead = 1 << 20, 32 << 10
)

// segment is one file of a store. Numbers ascend from file to file.
type segment struct {
	number  uint32
	version uint32
	file    File  // nil until createFile
	end     int64 // position behind the last record that counts
	ahead   int64 // the file is filled with zeros up to here
	size    int64 // length of the file when Open read it
	// before is the number of the segment before this one, 0 for the first, and
	// beforeEnd its end. Bytes behind that end belong to a batch that failed.
	// Only Open uses both.
	before    uint32
	beforeEnd int64
	// damagedHeader says what is wrong with the header, and headerErr why the
	// disk cannot read it. Only Open uses both.
	damagedHeader string
	headerErr     error
	readers       fileReaders // any goroutine may use it
}

func (s *segment) fileName() string { return fmt.Sprintf("tasks.%08d.log", s.number) }

// unfinishedSuffix is the end of the name of a file until its header is on the
// disk. A file without it that has no header is therefore damaged.
const unfinishedSuffix = ".new"

// createFile creates the file with its header, and syncs both with sync.
func (s *segment) createFile(dir Dir, sync bool) error {
	name := s.fileName() + unfinishedSuffix
	f, err := dir.OpenFile(name, true)
	if errors.Is(err, fs.ErrExist) { // an earlier try could not remove it
		if err = dir.RemoveFile(name); err == nil {
			f, err = dir.OpenFile(name, true)
		}
	}
	if err != nil {
		return err
	}
	s.file, s.ahead = f, headerSize
	_, err = f.WriteAt(s.encodeHeader(), 0)
	if err == nil && sync {
		err = f.Sync()
	}
	if err == nil {
		err = dir.RenameFile(name, s.fileName())
	}
	if err != nil {
		_ = f.Close()            // nothing counts in it
		_ = dir.RemoveFile(name) // the next try or the next start removes it
		s.file = nil
		return err
	}
	return dir.SyncNames()
}

// discardFile removes a file that createFile could not complete, or whose first
// batch failed.
func (s *segment) discardFile(dir Dir) {
	if s.file != nil {
		_ = s.file.Close()               // no record in it counts
		_ = dir.RemoveFile(s.fileName()) // the next segment does not name a file that stays
	}
}

// writeBatch writes a batch at a position. When the allocated space is too short,
// it first fills room bytes behind the batch with zeros. A disk without space for
// the zeros may still have space for the batch, so that error is ignored.
func (s *segment) writeBatch(at int64, b []byte, room int64) error {
	if end := at + int64(len(b)); room > 0 && end > s.ahead {
		from := max(at, s.ahead)
		if _, err := s.file.WriteAt(make([]byte, end-from+room), from); err == nil {
			s.ahead = end + room
		}
	}
	_, err := s.file.WriteAt(b, at)
	return err
}

// readPayload returns the payload of the record at a place. It returns an error
// when the checksum is wrong.
func (s *segment) readPayload(p Place) ([]byte, error) {
	b := make([]byte, p.Size)
	if _, err := s.file.ReadAt(b, int64(p.At)); err != nil {
		return nil, err
	}
	if !isSound(b, s.number, int64(p.At)) {
		return nil, fmt.Errorf("byte %d: the checksum is wrong", p.At)
	}
	return b[recordHead:], nil
}
