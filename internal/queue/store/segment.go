package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// Version is the version of the files that this package writes. The records of
// version 1 have no tagged fields; the files are otherwise the same. Open reads
// both.
const Version = 2

const (
	magic      = "INITASKS"
	headerSize = 40
	// roomAhead is how much is filled with zeros at once before it is needed,
	// at most and at least: a sync that does not have to note a new length is
	// half as dear, and a short file shall stay short.
	roomAhead, leastAhead = 1 << 20, 32 << 10
)

// segment is one file. Its number grows from file to file.
type segment struct {
	number  uint32
	version uint32
	file    File  // nil until it is made
	end     int64 // behind the last record that counts
	ahead   int64 // zeros are written up to here
	// Where the file before this one ends: what is behind that was written by
	// a batch that failed. It matters only to Open.
	before    uint32
	beforeEnd int64
}

func (s *segment) fileName() string { return fmt.Sprintf("tasks.%08d.log", s.number) }

// encodeHeader describes the file at its head.
func (s *segment) encodeHeader() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = binary.LittleEndian.AppendUint32(b, s.version)
	b = binary.LittleEndian.AppendUint32(b, s.number)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.before))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.beforeEnd))
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// createFile creates the file. Its header goes to the disk with the first batch:
// without that, the file counts for nothing.
func (s *segment) createFile(dir Dir) error {
	f, err := dir.OpenFile(s.fileName(), true)
	if err != nil {
		return err
	}
	s.file, s.ahead = f, headerSize
	if _, err = f.WriteAt(s.encodeHeader(), 0); err != nil {
		return err
	}
	return dir.SyncNames()
}

// discardFile removes a file that could not be made.
func (s *segment) discardFile(dir Dir) {
	if s.file != nil {
		_ = s.file.Close()               // nothing in it counts
		_ = dir.RemoveFile(s.fileName()) // should it stay, it is empty
	}
}

// writeBatch puts a batch at its place, and makes so much room behind it where there
// is none. Where the disk has no room for that, the batch may still find some.
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

// readPayload returns the payload of the record at a place.
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
