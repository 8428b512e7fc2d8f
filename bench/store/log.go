package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// logStore is the upper limit for a store: it only appends records, with one write
// and one fdatasync a commit. It never frees space.
type logStore struct {
	f            *os.File
	at, reserved int64
	buf          []byte
	bodies       map[uint64]bodyPlace
	space        int64 // bytes that are written with zeros in advance; 0 = none
}

// bodyPlace is the place of a task's body in the file.
type bodyPlace struct {
	at int64
	n  int
}

// openLog returns an opener of logs that write space bytes of zeros in advance.
func openLog(space int64) func(dir string) (store, error) {
	return func(dir string) (store, error) {
		f, err := os.OpenFile(filepath.Join(dir, "tasks.log"), os.O_CREATE|os.O_RDWR, 0o600)
		return &logStore{f: f, space: space, bodies: map[uint64]bodyPlace{}}, err
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (s *logStore) commit(batch []change) error {
	s.buf = s.buf[:0]
	for _, c := range batch {
		start := len(s.buf)
		s.buf = append(s.buf, 0, 0, 0, 0)
		s.buf = binary.LittleEndian.AppendUint32(s.buf, uint32(len(c.body)))
		s.buf = binary.LittleEndian.AppendUint32(s.buf, uint32(len(c.head)))
		s.buf = binary.LittleEndian.AppendUint64(s.buf, c.num)
		if c.body != nil {
			s.bodies[c.num] = bodyPlace{s.at + int64(len(s.buf)), len(c.body)}
		} else if c.head == nil {
			delete(s.bodies, c.num)
		}
		s.buf = append(append(s.buf, c.body...), c.head...)
		binary.LittleEndian.PutUint32(s.buf[start:], crc32.Checksum(s.buf[start+4:], castagnoli))
	}
	if err := s.reserveSpace(int64(len(s.buf))); err != nil {
		return err
	}
	if _, err := s.f.WriteAt(s.buf, s.at); err != nil {
		return err
	}
	s.at += int64(len(s.buf))
	return unix.Fdatasync(int(s.f.Fd()))
}

// reserveSpace writes zeros ahead, so that a later fdatasync writes no metadata.
func (s *logStore) reserveSpace(n int64) error {
	if s.space == 0 || s.at+n < s.reserved {
		return nil
	}
	zeros := make([]byte, s.space+n)
	if _, err := s.f.WriteAt(zeros, s.reserved); err != nil {
		return err
	}
	s.reserved += int64(len(zeros))
	return s.f.Sync()
}

func (s *logStore) body(num uint64) ([]byte, error) {
	w := s.bodies[num]
	got := make([]byte, w.n)
	_, err := s.f.ReadAt(got, w.at)
	return got, err
}

func (s *logStore) load(each func(uint64, []byte, []byte)) error {
	all, err := unix.Mmap(int(s.f.Fd()), 0, int(s.at), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return err
	}
	defer unix.Munmap(all)
	s.bodies = map[uint64]bodyPlace{}
	for at := 0; at+20 <= len(all); {
		b, h := int(binary.LittleEndian.Uint32(all[at+4:])), int(binary.LittleEndian.Uint32(all[at+8:]))
		num, end := binary.LittleEndian.Uint64(all[at+12:]), at+20+b+h
		if crc32.Checksum(all[at+4:end], castagnoli) != binary.LittleEndian.Uint32(all[at:]) {
			return errors.New("a record has a wrong checksum")
		}
		if b > 0 {
			s.bodies[num] = bodyPlace{int64(at + 20), b}
			each(num, bytes.Clone(all[at+20:at+20+b]), nil)
		} else if h == 0 {
			delete(s.bodies, num)
		}
		at = end
	}
	return nil
}

func (s *logStore) close() error { return s.f.Close() }
