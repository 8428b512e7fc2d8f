//go:build !linux

package systemd

import "time"

// monotonicTime is of no use where there is no systemd.
func monotonicTime() time.Duration { return 0 }
