package supervise

import (
	"time"

	"golang.org/x/sys/unix"
)

// sinceBoot returns the time of the clock that is never set and goes on while
// the machine is suspended. It means the same in every process until the next
// boot.
func sinceBoot() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
