package schedule

import "time"

// A wall time is what the clock of a zone shows, as a time.Time in UTC, so that
// wall times can be compared and calculated with.

// wallTime returns what the clock of t's zone shows at t.
func wallTime(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}

// latestWallTime returns the latest wall time that the clock of t's zone has shown
// up to t, to the second. It differs from wallTime in an hour that is repeated.
func latestWallTime(t time.Time) time.Time {
	latest := wallTime(t)
	if start, _ := t.ZoneBounds(); !start.IsZero() {
		if w := wallTime(start.Add(-time.Second)); w.After(latest) {
			return w
		}
	}
	return latest
}

// firstReached returns the first instant at which the clock of zone shows w, or has
// jumped over w.
func firstReached(w time.Time, zone *time.Location) time.Time {
	// No clock is further from UTC than 14 hours: w lies ahead at that instant.
	t := w.Add(-40 * time.Hour).In(zone)
	for {
		shown := t.Add(w.Sub(wallTime(t)))
		_, end := t.ZoneBounds()
		switch {
		case shown.Before(t):
			return t // the change of the clock at t jumped over w
		case end.IsZero() || shown.Before(end):
			return shown
		}
		t = end
	}
}
