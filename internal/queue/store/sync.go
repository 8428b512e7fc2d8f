package store

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"
)

// Sync says when written batches are synced to the disk. The zero value is
// "always": a batch ends when it is synced. The end of the process costs nothing
// with any value, because the kernel has every batch that WriteBatch wrote. A
// loss of power costs batches that are not synced.
type Sync struct {
	// Every is the interval between syncs; 0 = every batch is synced before it
	// ends. An interval below a millisecond counts as a millisecond.
	Every time.Duration
	// Off leaves syncs to the operating system. Every is then ignored.
	Off bool
}

// String returns the value in the form of the key `sync` of the INI.
func (s Sync) String() string {
	switch {
	case s.Off:
		return "off"
	case s.Every > 0:
		return fmt.Sprintf("interval:%v", s.Every)
	}
	return "always"
}

func (s Sync) isAlways() bool { return !s.Off && s.Every == 0 }

// syncer syncs the newest segment at an interval. The next WriteBatch reports the
// error of a failed sync, once.
type syncer struct {
	file  atomic.Pointer[segment] // written since the last sync; nil = none
	fault atomic.Pointer[error]   // of the last failed sync, until it is reported
	stop  chan struct{}           // closed by Close
}

// syncEvery syncs the segment in file at every tick, until stop is closed.
func (s *syncer) syncEvery(every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		if seg := s.file.Swap(nil); seg != nil {
			// A segment that RemoveSegment has closed needs no sync.
			if err := seg.file.Sync(); err != nil && !errors.Is(err, fs.ErrClosed) {
				s.fault.Store(&err)
			}
		}
	}
}
