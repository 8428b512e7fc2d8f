package schedule

import "time"

// Schedule is when something happens again and again. Either Every or Cron.
type Schedule struct {
	// Every makes a tick at each multiple of it, counted from 1970 in UTC, so
	// that the ticks are the same whenever somebody begins to count.
	Every time.Duration
	Cron  Cron
	Zone  *time.Location // of Cron; nil = the machine's own
	// MakeUpMissed makes up for ticks that were missed: with one, however many they
	// were. Otherwise they are skipped.
	MakeUpMissed bool
}

// TickAfter is the first tick after t. The error is that of a Cron that never
// comes.
func (s Schedule) TickAfter(t time.Time) (time.Time, error) {
	if s.Every > 0 {
		return s.multipleBefore(t).Add(s.Every), nil
	}
	return s.Cron.timeAfter(t.In(s.location()))
}

// TickBefore is the last tick that is not after t.
func (s Schedule) TickBefore(t time.Time) (time.Time, error) {
	if s.Every > 0 {
		return s.multipleBefore(t), nil
	}
	return s.Cron.timeBefore(t.In(s.location()))
}

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
