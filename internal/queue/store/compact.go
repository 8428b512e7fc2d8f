package store

import (
	"errors"
	"fmt"
)

// SegmentWalk reads the oldest segment step by step. Its caller writes the
// wanted records again and then removes the segment. Only the oldest segment can
// be removed: a record may replace a record of an older segment, and must not be
// removed before the replaced record.
type SegmentWalk struct {
	seg *segment
	at  int64 // position of the next record
}

// WalkOldest begins a walk through the oldest segment. It returns nil when that
// segment is the newest one too, because batches are written to it.
func (s *Store) WalkOldest() *SegmentWalk {
	if len(s.segments) < 2 {
		return nil
	}
	return &SegmentWalk{s.segments[0], headerSize}
}

// errEnough ends a scan at the end of a step.
var errEnough = errors.New("the step is over")

// WalkStep hands out the records of about the next bytes of the walk. It reports
// whether the walk has reached the end of the segment. An error is a
// *DamageError, an error of the file, or the error of each.
func (s *Store) WalkStep(o *SegmentWalk, bytes int64, each RecordFunc) (last bool, err error) {
	limit := o.at + bytes
	got, err := scanRecords(o.seg, o.at, o.seg.end, int(bytes), func(p Place, payload []byte) error {
		if int64(p.At) >= limit {
			return errEnough
		}
		return each(p, payload)
	})
	o.at = got.end
	switch {
	case errors.Is(err, errEnough):
		return false, nil
	case err == nil && got.end < o.seg.end:
		return false, &DamageError{Path: s.dir.FilePath(o.seg.fileName()), At: got.end, Err: got.readErr}
	}
	return err == nil, err
}

// RemoveSegment removes the oldest segment. BatchResult must have reported
// success for the records that were written again. RemoveSegment returns when
// the removal is on the disk, so that no younger segment can vanish before this
// one: after a loss of power, a replaced record must not come back without the
// record that replaced it.
func (s *Store) RemoveSegment(o *SegmentWalk) error {
	if !s.o.Sync.isAlways() {
		if err := s.lastSegment().file.Sync(); err != nil {
			return fmt.Errorf("sync %s: %w", s.dir.FilePath(s.lastSegment().fileName()), err)
		}
	}
	s.setSegments(s.segments[1:])
	if err := errors.Join(o.seg.closeFile(), s.dir.RemoveFile(o.seg.fileName()), s.dir.SyncNames()); err != nil {
		return fmt.Errorf("remove %s: %w", s.dir.FilePath(o.seg.fileName()), err)
	}
	return nil
}
