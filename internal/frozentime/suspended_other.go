//go:build !linux

package frozentime

import "time"

// suspendedTime returns 0: this system does not say.
func suspendedTime() time.Duration { return 0 }
