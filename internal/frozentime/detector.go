package frozentime

import "time"

// minLate is how late a round must be at least to count as a gap. A busy
// machine wakes a process this late without having stopped it.
const minLate = time.Second

// Detector finds the gaps in the rounds of one loop. Before each wait the loop
// calls Expect, and after each wait Observe. The goroutine of the loop owns the
// detector; the zero value expects no round yet.
type Detector struct {
	due       time.Time     // the latest time of the next round; zero = at any time
	interval  time.Duration // the longest wait until due
	suspended time.Duration // what suspendedTime said when it was last asked
	asked     time.Time     // when that was; zero = never
}

// Expect says that the next round comes at due at the latest, after a wait of
// at most interval, provided that the process runs.
func (d *Detector) Expect(due time.Time, interval time.Duration) {
	d.due, d.interval = due, interval
	if d.asked.IsZero() {
		d.suspended, d.asked = suspendedTime(), due.Add(-interval)
	}
}

// Rest says that the next round may come at any time. The loop calls it when no
// deadline is pending that a gap would move.
func (d *Detector) Rest() { d.due, d.asked = time.Time{}, time.Time{} }

// Observe begins a round and returns the gap before it. The round is not
// expected again until the next call of Expect.
func (d *Detector) Observe(now time.Time) Gap {
	if d.due.IsZero() {
		return Gap{}
	}
	g := Gap{Stopped: stoppedFor(d.due, d.interval, now)}
	d.due = time.Time{}
	if !d.asked.IsZero() && (g.Stopped > 0 || now.Sub(d.asked) >= d.interval) { // not in every round of a busy loop
		total := suspendedTime()
		if before := d.suspended; total-before > minLate {
			g.Suspended = total - before
		}
		d.suspended, d.asked = total, now
	}
	return g
}

// Overran reports whether something that began then, and had to end within
// limit, has ended so late that this process cannot have run all the time.
func Overran(began time.Time, limit time.Duration, now time.Time) bool {
	return stoppedFor(began.Add(limit), 0, now) > 0
}

// stoppedFor returns how long the process did not run before a round at now
// that was expected at due, after a wait of at most interval. A round that is
// late by two intervals or less, or by a second or less, is only late: zero.
func stoppedFor(due time.Time, interval time.Duration, now time.Time) time.Duration {
	if late := now.Sub(due); late > max(minLate, 2*interval) {
		return late + interval // the process may have stopped at the beginning of the wait
	}
	return 0
}
