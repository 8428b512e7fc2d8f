package logs

import (
	"bytes"
	"time"
)

// TimestampLayout is the layout of the time that the keeper writes before a
// line. An earlier version wrote milliseconds, and a log may still have such
// lines.
const (
	TimestampLayout = "2006-01-02T15:04:05.000000Z07:00"
	coarseLayout    = "2006-01-02T15:04:05.000Z07:00"
	coarseDigits    = len("2006-01-02T15:04:05.000")
)

// timestamp is the time before a line, and how exact it is.
type timestamp struct {
	at    time.Time
	grain time.Duration
}

// parseTimestamp reads the time at the beginning of a line. A line without a
// time comes from another program that writes to the same file.
func parseTimestamp(line []byte) (s timestamp, ok bool) {
	end := bytes.IndexByte(line, ' ')
	if end <= coarseDigits || end > len(TimestampLayout) {
		return timestamp{}, false
	}
	layout, grain := coarseLayout, time.Millisecond
	if c := line[coarseDigits]; '0' <= c && c <= '9' {
		layout, grain = TimestampLayout, time.Microsecond
	}
	at, err := time.Parse(layout, string(line[:end]))
	// Parse accepts more than the keeper writes.
	digits := len(layout) - len("Z07:00")
	var room [len(TimestampLayout)]byte
	same := err == nil && bytes.Equal(at.AppendFormat(room[:0], layout[:digits]), line[:digits])
	return timestamp{at, grain}, same
}

// inBounds reports whether a line of that time is in [from, until); zero = no
// bound. A bound is as exact as the timestamp.
func (s timestamp) inBounds(from, until time.Time) (begun, over bool) {
	return !s.at.Before(from.Truncate(s.grain)), !until.IsZero() && !s.at.Before(until.Truncate(s.grain))
}
