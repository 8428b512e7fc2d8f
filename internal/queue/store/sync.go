package store

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"
)

// Sync says when what was written goes to the disk. The zero value is Always.
// A process that is killed loses nothing in any case: what Flush has written is
// with the kernel.
type Sync struct {
	// Every is the interval at which it is synced; 0 = before any batch ends.
	Every time.Duration
	// Off leaves it to the operating system.
	Off bool
}

// String writes it as ParseSync reads it.
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

// syncer syncs the newest file at an interval. Its fault is told once, by the
// next Flush.
type syncer struct {
	file  atomic.Pointer[segment]
	fault atomic.Pointer[error]
	stop  chan struct{}
}

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
			// One that was removed meanwhile is wanted no more.
			if err := seg.file.Sync(); err != nil && !errors.Is(err, fs.ErrClosed) {
				s.fault.Store(&err)
			}
		}
	}
}
