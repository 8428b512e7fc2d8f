package logs

import (
	"bytes"
	"time"
)

// stampLayout is the keeper's.
const (
	stampLayout = "2006-01-02T15:04:05.000Z07:00"
	stampDigits = len("2006-01-02T15:04:05.000")
)

// stampOf reads the time at the beginning of a line. A line without one (of
// another program that writes the same file) has none.
func stampOf(line []byte) (at time.Time, ok bool) {
	end := bytes.IndexByte(line, ' ')
	if end <= stampDigits || end > len(stampLayout) {
		return time.Time{}, false
	}
	at, err := time.Parse(stampLayout, string(line[:end]))
	// Parse forgives more than the keeper writes.
	same := err == nil && at.Format(stampLayout[:stampDigits]) == string(line[:stampDigits])
	return at, same
}

// within says whether a line of that time is in [from, until); zero = no
// bound. Stamps have milliseconds, so bounds have no more.
func within(at, from, until time.Time) (begun, over bool) {
	return !at.Before(from.Truncate(time.Millisecond)), !until.IsZero() && !at.Before(until.Truncate(time.Millisecond))
}
