package systemd

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonicTime returns CLOCK_MONOTONIC, which systemd uses and Go does not
// expose.
func monotonicTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0 // every Linux has this clock
	}
	return time.Duration(t.Nano())
}
