package store

import (
	"errors"
	"fmt"
)

// SegmentCopy is one segment as it was at the time of a Snapshot. Its first Size
// bytes do not change any more: a segment is only appended to, and a removed
// segment can be read as long as File is open.
type SegmentCopy struct {
	Name string // of the file
	Size int64  // bytes up to the last record that counts
	File File   // for reading; the caller closes it
}

// Snapshot opens every segment again, oldest first. Together the copies hold every
// batch whose BatchResult has reported success, and nothing of other batches: Open
// reads from them what it would read after a kill at this moment. The caller closes
// the files, in any goroutine. After an error no file is open.
func (s *Store) Snapshot() ([]SegmentCopy, error) {
	var copies []SegmentCopy
	for _, seg := range s.segments {
		f, err := s.dir.OpenFile(seg.fileName(), false)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open the task file: %w", err), CloseCopies(copies))
		}
		copies = append(copies, SegmentCopy{seg.fileName(), seg.end, f})
	}
	return copies, nil
}

// CloseCopies closes the files of a Snapshot.
func CloseCopies(copies []SegmentCopy) error {
	var errs []error
	for _, c := range copies {
		errs = append(errs, c.File.Close())
	}
	return errors.Join(errs...)
}
