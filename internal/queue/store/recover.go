package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"
)

// RecordFunc receives the records that count, in the order in which they were
// written. The payload is valid only until the function returns. An error ends
// the reading.
type RecordFunc func(p Place, payload []byte) error

// Open hands every record that counts to each, and returns a Store that is ready
// for batches. An absent or empty directory is an empty store; the first
// WriteBatch creates the first segment. Open cuts off a torn end. It skips damaged
// bytes, copies them to another directory and replaces them by gaps; Damage
// reports them. Errors: *VersionError, an error of the file system, or the error
// of each.
func Open(dir Dir, o Options, each RecordFunc) (*Store, error) {
	if o.SegmentSize <= 0 {
		o.SegmentSize = 64 << 20
	}
	inv, err := takeInventory(dir, o, each)
	if err != nil {
		return nil, err
	}
	s := &Store{o: o, dir: dir, jobs: make(chan struct{}, 1), batchDone: make(chan struct{}, 1)}
	s.syncer.stop = make(chan struct{})
	s.repair(inv)
	s.settleErr = s.settle()
	switch {
	case o.Sync.isAlways():
		s.group.Go(s.runWriter)
	case o.Sync.Every > 0:
		s.group.Go(func() { s.syncer.syncEvery(max(o.Sync.Every, time.Millisecond)) })
	}
	return s, nil
}

// repair takes over an inventory: it repairs the damage, and removes or sets
// aside files that do not count.
func (s *Store) repair(inv *inventory) {
	r := repairer{dir: s.dir, o: s.o, inv: inv, into: damagedDir(time.Now())}
	s.repairErr = r.repairDamage()
	for _, f := range inv.findings {
		if !f.torn {
			s.damage = append(s.damage, f.Damage)
		}
		// The end of a damaged segment may be unknown.
		s.broken = s.broken || f.link.newest
	}
	for _, name := range inv.unfinished {
		_ = s.dir.RemoveFile(name) // the next start tries again
	}
	for _, name := range inv.abandoned {
		r.setAside(name)
	}
	if inv.lostNewest && s.repairErr == nil {
		_ = s.dir.RemoveFile(knownEndName) // else the next start misses the file again
	}
	for _, f := range inv.files {
		if s.repairErr != nil {
			f.seg.end = min(f.seg.end, f.seg.size) // no gap was written behind it
		}
		s.segments = append(s.segments, f.seg)
	}
	s.newest = inv.highest
	s.broken = s.broken || inv.lostNewest
	s.unsettled = len(s.segments) > 0
	if inv.torn != nil {
		s.tornEnd = describeTornEnd(inv)
	}
}

// settle cuts off the bytes behind the last record of the newest segment. Then it
// syncs the segment: records that Open handed out must be on the disk before a new
// record depends on them. After an error, the next batch tries again.
func (s *Store) settle() error {
	if !s.unsettled {
		return nil
	}
	last := s.lastSegment()
	if err := s.cutTornEnd(last); err != nil {
		return err
	}
	if !s.o.Sync.Off {
		if err := last.file.Sync(); err != nil {
			return fmt.Errorf("sync %s: %w", s.dir.FilePath(last.fileName()), err)
		}
	}
	s.unsettled = false
	s.noteEnd(last)
	return nil
}

// cutTornEnd cuts the newest segment behind its last record, unless zeros follow.
func (s *Store) cutTornEnd(seg *segment) error {
	if seg.ahead <= seg.end {
		return nil
	}
	rest := make([]byte, seg.ahead-seg.end)
	if n, err := seg.file.ReadAt(rest, seg.end); err == nil || errors.Is(err, io.EOF) {
		if len(bytes.TrimRight(rest[:n], "\x00")) == 0 {
			return nil
		}
	}
	if s.repairErr != nil || s.broken {
		return nil // the next segment says where this one ends
	}
	if err := seg.file.Truncate(seg.end); err != nil {
		return fmt.Errorf("cut the torn end of %s: %w", s.dir.FilePath(seg.fileName()), err)
	}
	seg.ahead = seg.end
	return nil
}
