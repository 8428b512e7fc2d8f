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
type Cron struct{ text string }

// ParseCron reads five fields (minute, hour, day, month, weekday), six with
// seconds before them, seven with a year after them, or a word such as @daily. An
// expression without a tick in the future, such as 30 February, is an error.
func ParseCron(text string) (Cron, error) {
	text = strings.Join(strings.Fields(text), " ")
	if !gronx.IsValid(text) {
		return Cron{}, fmt.Errorf("%q is no cron expression", text)
	}
	c := Cron{text}
	if _, err := c.timeAfter(time.Now().UTC()); err != nil {
		return Cron{}, err
	}
	return c, nil
}

// String returns the expression, with single spaces; "" = no expression.
func (c Cron) String() string { return c.text }

var errNever = errors.New("the cron expression never comes")

// timeAfter returns the first tick after t, in t's zone.
func (c Cron) timeAfter(t time.Time) (time.Time, error) {
	next, err := gronx.NextTickAfter(c.text, t, false)
	if err != nil || !next.After(t) {
		return time.Time{}, errNever
	}
	return next.Truncate(time.Second), nil
}

// timeBefore returns the last tick that is not after t, in t's zone.
func (c Cron) timeBefore(t time.Time) (time.Time, error) {
	last, err := gronx.PrevTickBefore(c.text, t, true)
	if err != nil || last.After(t) {
		return time.Time{}, errNever
	}
	return last.Truncate(time.Second), nil
}
