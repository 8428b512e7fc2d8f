//go:build !linux

package supervise

import "time"

// sinceBoot is the wall clock where there is no other that processes share.
func sinceBoot() time.Duration { return time.Duration(time.Now().UnixNano()) }
