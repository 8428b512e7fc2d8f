package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
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
	// before is the number of the segment before this one, 0 for the first, and
	// beforeEnd its end. Bytes behind that end belong to a batch that failed.
	// Only Open uses both.
	before    uint32
	beforeEnd int64
	readers   fileReaders // any goroutine may use it
}

func (s *segment) fileName() string { return fmt.Sprintf("tasks.%08d.log", s.number) }

// encodeHeader returns the header of the file.
func (s *segment) encodeHeader() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = binary.LittleEndian.AppendUint32(b, s.version)
	b = binary.LittleEndian.AppendUint32(b, s.number)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.before))
	b = binary.LittleEndian.AppendUint64(b, uint64(s.beforeEnd))
	b = binary.LittleEndian.AppendUint32(b, 0)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// createFile creates the file. The sync of the first batch brings the header to
// the disk; a file without a batch does not need one.
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

// discardFile removes a file that createFile could not complete, or whose first
// batch failed.
func (s *segment) discardFile(dir Dir) {
	if s.file != nil {
		_ = s.file.Close()               // no record in it counts
		_ = dir.RemoveFile(s.fileName()) // a file that stays has no valid record
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
