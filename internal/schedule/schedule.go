package schedule

import "time"

// Schedule says when ticks happen: either Every or Cron is set.
type Schedule struct {
	// Every makes a tick at each of its multiples, counted from 1970 in UTC, so
	// that the ticks do not depend on when the program started.
	Every time.Duration
	Cron  Cron
	Zone  *time.Location // of Cron; nil = the machine's zone
	// MakeUpMissed fires one tick for all ticks that were missed. Otherwise
	// missed ticks are skipped.
	MakeUpMissed bool
}

// TickAfter returns the first tick after t. The error says that a Cron has no tick
// after t.
func (s Schedule) TickAfter(t time.Time) (time.Time, error) {
	if s.Every > 0 {
		return s.multipleBefore(t).Add(s.Every), nil
	}
	return s.Cron.timeAfter(t.In(s.location()))
}

// TickBefore returns the last tick that is not after t. The error says that a Cron
// has no tick before t.
func (s Schedule) TickBefore(t time.Time) (time.Time, error) {
	if s.Every > 0 {
		return s.multipleBefore(t), nil
	}
	return s.Cron.timeBefore(t.In(s.location()))
}

// multipleBefore returns the last multiple of Every that is not after t.
func (s Schedule) multipleBefore(t time.Time) time.Time {
	n := t.UnixNano()
	over := n % int64(s.Every)
	if over < 0 {
		over += int64(s.Every)
	}
	return time.Unix(0, n-over)
}

func (s Schedule) location() *time.Location {
	if s.Zone == nil {
		return time.Local
	}
	return s.Zone
}
