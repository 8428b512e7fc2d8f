package store

import (
	"errors"
	"fmt"
)

// SegmentWalk walks through the oldest file, so that what is still wanted in it can
// be written again and the file be removed. Always the oldest: a record may
// void one that was written before it, and must not go before that one does.
type SegmentWalk struct {
	seg *segment
	at  int64
}

// WalkOldest begins a walk. It is nil where the only file is the one that is
// written to.
func (s *Store) WalkOldest() *SegmentWalk {
	if len(s.segments) < 2 {
		return nil
	}
	return &SegmentWalk{s.segments[0], headerSize}
}

var errEnough = errors.New("enough for now")

// WalkStep hands out the records in about so many more bytes, and reports whether
// those were the last.
func (s *Store) WalkStep(o *SegmentWalk, bytes int64, each RecordFunc) (last bool, err error) {
	limit := o.at + bytes
	end, err := scanRecords(o.seg, o.at, o.seg.end, int(bytes), func(p Place, payload []byte) error {
		if int64(p.At) >= limit {
			return errEnough
		}
		return each(p, payload)
	})
	o.at = end
	switch {
	case errors.Is(err, errEnough):
		return false, nil
	case err == nil && end < o.seg.end:
		return false, &DamageError{Path: s.dir.FilePath(o.seg.fileName()), At: end}
	}
	return err == nil, err
}

// RemoveSegment removes the oldest file. What was written again of it must have
// Ended. The file is gone for good before another one can be: after a loss of
// power, a record that was void must not be back without what voided it.
func (s *Store) RemoveSegment(o *SegmentWalk) error {
	if !s.o.Sync.isAlways() {
		if err := s.lastSegment().file.Sync(); err != nil {
			return fmt.Errorf("sync %s: %w", s.dir.FilePath(s.lastSegment().fileName()), err)
		}
	}
	s.segments = s.segments[1:]
	if err := errors.Join(o.seg.file.Close(), s.dir.RemoveFile(o.seg.fileName()), s.dir.SyncNames()); err != nil {
		return fmt.Errorf("remove %s: %w", s.dir.FilePath(o.seg.fileName()), err)
	}
	return nil
}
