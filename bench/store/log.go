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

// logStore is the limit: records that are only ever appended, one write and
// one fdatasync a commit. It gives no room back.
type logStore struct {
	f         *os.File
	at, ahead int64
	buf       []byte
	where     map[uint64]place
	room      int64 // written with zeros this far ahead; 0 = not
}

type place struct {
	at int64
	n  int
}

func openLog(room int64) func(dir string) (store, error) {
	return func(dir string) (store, error) {
		f, err := os.OpenFile(filepath.Join(dir, "tasks.log"), os.O_CREATE|os.O_RDWR, 0o600)
		return &logStore{f: f, room: room, where: map[uint64]place{}}, err
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
			s.where[c.num] = place{s.at + int64(len(s.buf)), len(c.body)}
		} else if c.head == nil {
			delete(s.where, c.num)
		}
		s.buf = append(append(s.buf, c.body...), c.head...)
		binary.LittleEndian.PutUint32(s.buf[start:], crc32.Checksum(s.buf[start+4:], castagnoli))
	}
	if err := s.reserve(int64(len(s.buf))); err != nil {
		return err
	}
	if _, err := s.f.WriteAt(s.buf, s.at); err != nil {
		return err
	}
	s.at += int64(len(s.buf))
	return unix.Fdatasync(int(s.f.Fd()))
}

func (s *logStore) reserve(n int64) error {
	if s.room == 0 || s.at+n < s.ahead {
		return nil
	}
	zeros := make([]byte, s.room+n)
	if _, err := s.f.WriteAt(zeros, s.ahead); err != nil {
		return err
	}
	s.ahead += int64(len(zeros))
	return s.f.Sync()
}

func (s *logStore) body(num uint64) ([]byte, error) {
	w := s.where[num]
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
	s.where = map[uint64]place{}
	for at := 0; at+20 <= len(all); {
		b, h := int(binary.LittleEndian.Uint32(all[at+4:])), int(binary.LittleEndian.Uint32(all[at+8:]))
		num, end := binary.LittleEndian.Uint64(all[at+12:]), at+20+b+h
		if crc32.Checksum(all[at+4:end], castagnoli) != binary.LittleEndian.Uint32(all[at:]) {
			return errors.New("checksum")
		}
		if b > 0 {
			s.where[num] = place{int64(at + 20), b}
			each(num, bytes.Clone(all[at+20:at+20+b]), nil)
		} else if h == 0 {
			delete(s.where, num)
		}
		at = end
	}
	return nil
}

func (s *logStore) close() error { return s.f.Close() }
