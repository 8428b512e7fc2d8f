package frozentime

import (
	"time"

	"golang.org/x/sys/unix"
)

// suspendedTime returns how long the machine has been suspended since its boot:
// CLOCK_BOOTTIME goes on meanwhile, and CLOCK_MONOTONIC does not.
func suspendedTime() time.Duration {
	var boot, monotonic unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &monotonic) != nil || unix.ClockGettime(unix.CLOCK_BOOTTIME, &boot) != nil {
		return 0
	}
	return time.Duration(boot.Nano() - monotonic.Nano())
}
