//go:build !linux

package systemd

import "time"

// monotonicTime returns 0: there is no systemd on this kernel.
func monotonicTime() time.Duration { return 0 }
