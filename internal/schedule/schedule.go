package schedule

import "time"

// Schedule is when something happens again and again. Either Every or Cron.
type Schedule struct {
	// Every makes a tick at each multiple of it, counted from 1970 in UTC, so
	// that the ticks are the same whenever somebody begins to count.
	Every time.Duration
	Cron  Cron
	Zone  *time.Location // of Cron; nil = the machine's own
	// Once makes up for ticks that were missed: with one, however many they
	// were. Otherwise they are skipped.
	Once bool
}

// After is the first tick after t. The error is that of a Cron that never
// comes.
func (s Schedule) After(t time.Time) (time.Time, error) {
	if s.Every > 0 {
		return s.onGrid(t).Add(s.Every), nil
	}
	return s.Cron.after(t.In(s.zone()))
}

// Before is the last tick that is not after t.
func (s Schedule) Before(t time.Time) (time.Time, error) {
	if s.Every > 0 {
		return s.onGrid(t), nil
	}
	return s.Cron.before(t.In(s.zone()))
}

func (s Schedule) onGrid(t time.Time) time.Time {
	n := t.UnixNano()
	over := n % int64(s.Every)
	if over < 0 {
		over += int64(s.Every)
	}
	return time.Unix(0, n-over)
}

func (s Schedule) zone() *time.Location {
	if s.Zone == nil {
		return time.Local
	}
	return s.Zone
}
