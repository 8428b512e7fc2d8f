//go:build !linux

package supervise

import "time"

// sinceBoot returns the wall clock: this system has no other clock that
// processes share.
func sinceBoot() time.Duration { return time.Duration(time.Now().UnixNano()) }
