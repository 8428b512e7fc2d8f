package cli

import (
	"syscall"
	"time"
)

// repeatWithin is the time in which the same signal counts once. GNU timeout
// sends the second signal about 2 ms after the first; a person needs longer.
const repeatWithin = 100 * time.Millisecond

// signalCount says which of the signals that end a program count. Many programs
// end in order at the first such signal, and at once at the second. One order
// can arrive as two signals: GNU timeout sends its signal to the command and to
// the group of the command. The zero value has counted none. One goroutine uses
// it.
type signalCount struct {
	last syscall.Signal
	at   time.Time
}

// countSignal reports whether a signal that arrives at now counts. It does not when the
// last signal that counted was the same, and less than 0.1 s ago.
func (c *signalCount) countSignal(s syscall.Signal, now time.Time) bool {
	if s == c.last && now.Sub(c.at) < repeatWithin {
		return false
	}
	c.last, c.at = s, now
	return true
}
