package systemd

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonicTime is the CLOCK_MONOTONIC by which systemd counts, and which Go does
// not show.
func monotonicTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &t) != nil {
		return 0 // every Linux has this clock
	}
	return time.Duration(t.Nano())
}
