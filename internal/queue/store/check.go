package store

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"time"
)

// checkInterval is the least time between two calls of CheckFiles by putBatch.
const checkInterval = time.Second

// CheckFiles returns an error when another program has removed, renamed or replaced
// a segment or the whole directory: a *GoneError, or the error of the Dir. No batch
// is acknowledged until a later call returns nil. Any goroutine may call it, until
// Close.
func (s *Store) CheckFiles() error {
	err := s.checkFiles()
	s.gone.Store(err != nil)
	return err
}

func (s *Store) checkFiles() error {
	if err := s.dir.CheckPlace(); err != nil {
		return err
	}
	for _, seg := range s.openSegments() {
		err := s.dir.CheckName(seg.fileName(), seg.file)
		if err != nil && slices.Contains(s.openSegments(), seg) && !errors.Is(err, fs.ErrClosed) {
			return err
		}
	}
	return nil
}

// checkFilesSometimes calls CheckFiles when it did not do so for checkInterval, when
// the last call returned an error, and before a segment is created: a file that is
// gone must not be succeeded by another file.
func (s *Store) checkFilesSometimes(to *segment) error {
	now := time.Now()
	if to.file != nil && !s.gone.Load() && now.Sub(s.checked) < checkInterval {
		return nil
	}
	err := s.CheckFiles()
	if err == nil {
		s.checked = now
	}
	return err
}

// checkNamed returns the error of CheckFiles when no name leads to a segment any more.
func (s *Store) checkNamed(seg *segment) error {
	n, err := seg.file.CountNames()
	if err == nil && n == 0 {
		return cmp.Or(s.dir.CheckPlace(), newGoneFile(s.dir.FilePath(seg.fileName()), "was removed"))
	}
	return err
}

// openSegments returns the segments, for any goroutine.
func (s *Store) openSegments() []*segment {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.segments
}

// setSegments replaces the list of segments.
func (s *Store) setSegments(list []*segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.segments = list
}

func newGoneFile(path, problem string) error {
	return &GoneError{What: "the task file", Path: path, Problem: problem}
}
