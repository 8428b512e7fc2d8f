package frozentime

import (
	"fmt"
	"time"
)

// Gap is a time during which this process did not run. The zero value is no
// gap.
type Gap struct {
	// Stopped is how far the monotonic clock, with which time-outs are
	// measured, went on meanwhile.
	Stopped time.Duration
	// Suspended is how long the machine was suspended. The monotonic clock
	// stands still meanwhile. It is 0 on systems other than Linux.
	Suspended time.Duration
}

// Found reports whether the process did not run for some time.
func (g Gap) Found() bool { return g.Stopped > 0 || g.Suspended > 0 }

// String returns a clause for a sentence: "the initiator did not run for 20s".
func (g Gap) String() string {
	stopped := fmt.Sprintf("the initiator did not run for %s", roundForPeople(g.Stopped))
	suspended := fmt.Sprintf("the machine was suspended for %s", roundForPeople(g.Suspended))
	switch {
	case g.Suspended <= 0:
		return stopped
	case g.Stopped <= 0:
		return suspended
	}
	return stopped + ", and " + suspended
}

func roundForPeople(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// MoveDeadline returns a deadline as it stands after the gap: later by the time
// that the process was stopped, and not before grace has passed. A zero
// deadline stays zero.
func (g Gap) MoveDeadline(deadline, now time.Time, grace time.Duration) time.Time {
	if deadline.IsZero() || !g.Found() {
		return deadline
	}
	moved := deadline.Add(g.Stopped)
	if least := now.Add(grace); moved.Before(least) {
		return least
	}
	return moved
}

// MoveStart returns the beginning of a wait of at most limit as it stands after
// the gap: MoveDeadline of its end, less limit. It is never after now.
func (g Gap) MoveStart(start, now time.Time, limit, grace time.Duration) time.Time {
	if start.IsZero() || !g.Found() {
		return start
	}
	moved := g.MoveDeadline(start.Add(limit), now, min(grace, limit)).Add(-limit)
	if moved.After(now) {
		return now
	}
	return moved
}
