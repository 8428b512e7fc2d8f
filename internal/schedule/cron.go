package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/adhocore/gronx"
)

// Cron is a cron expression that ParseCron has checked. The zero value is no
// expression: it has no ticks.
type Cron struct {
	text string
	// everyHour says that the hour field is * or */N. Such an expression has a
	// tick whenever the clock shows a matching time, and so twice in an hour that
	// is repeated. Any other expression has one tick for each matching time.
	everyHour bool
}

// ParseCron reads five fields (minute, hour, day, month, weekday), six with
// seconds before them, seven with a year after them, or a word such as @daily. An
// expression without a tick in the future, such as 30 February, is an error.
func ParseCron(text string) (Cron, error) {
	text = strings.Join(strings.Fields(text), " ")
	if !gronx.IsValid(text) {
		return Cron{}, fmt.Errorf("%q is no cron expression", text)
	}
	fields, err := gronx.Segments(text) // with seconds, also for a word
	if err != nil {
		return Cron{}, err
	}
	hour := fields[2]
	c := Cron{text: text, everyHour: hour == "*" || hour == "?" || strings.HasPrefix(hour, "*/") && !strings.Contains(hour, ",")}
	if _, err := c.wallTimeAfter(wallTime(time.Now())); err != nil {
		return Cron{}, err
	}
	return c, nil
}

// String returns the expression, with single spaces; "" = no expression.
func (c Cron) String() string { return c.text }

var errNever = errors.New("the cron expression never comes")

// wallTimeAfter returns the first matching wall time after w.
func (c Cron) wallTimeAfter(w time.Time) (time.Time, error) {
	next, err := gronx.NextTickAfter(c.text, w, false)
	if err != nil || !next.After(w) {
		return time.Time{}, errNever
	}
	return next.Truncate(time.Second), nil
}

// wallTimeBefore returns the last matching wall time that is not after w.
func (c Cron) wallTimeBefore(w time.Time) (time.Time, error) {
	last, err := gronx.PrevTickBefore(c.text, w, true)
	if err != nil || last.After(w) {
		return time.Time{}, errNever
	}
	return last.Truncate(time.Second), nil
}

// timeAfter returns the first tick after t, in t's zone.
func (c Cron) timeAfter(t time.Time) (time.Time, error) {
	if c.everyHour {
		return c.shownAfter(t)
	}
	w, err := c.wallTimeAfter(latestWallTime(t))
	if err != nil {
		return time.Time{}, err
	}
	return firstReached(w, t.Location()), nil
}

// timeBefore returns the last tick that is not after t, in t's zone.
func (c Cron) timeBefore(t time.Time) (time.Time, error) {
	if c.everyHour {
		return c.shownBefore(t)
	}
	w, err := c.wallTimeBefore(latestWallTime(t))
	if err != nil {
		return time.Time{}, err
	}
	return firstReached(w, t.Location()), nil
}

// shownAfter returns the first instant after t at which the clock shows a matching
// time. It looks at one period without a change of the clock after another.
func (c Cron) shownAfter(t time.Time) (time.Time, error) {
	from := wallTime(t)
	for {
		w, err := c.wallTimeAfter(from)
		if err != nil {
			return time.Time{}, err
		}
		shown := t.Add(w.Sub(wallTime(t)))
		_, end := t.ZoneBounds()
		if end.IsZero() || shown.Before(end) {
			return shown, nil
		}
		t, from = end, wallTime(end).Add(-time.Second)
	}
}

// shownBefore returns the last instant not after t at which the clock shows a
// matching time.
func (c Cron) shownBefore(t time.Time) (time.Time, error) {
	for {
		w, err := c.wallTimeBefore(wallTime(t))
		if err != nil {
			return time.Time{}, err
		}
		shown := t.Add(w.Sub(wallTime(t)))
		start, _ := t.ZoneBounds()
		if start.IsZero() || !shown.Before(start) {
			return shown, nil
		}
		t = start.Add(-time.Second)
	}
}
