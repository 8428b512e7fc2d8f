package proactor

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Defaults of keys that a worker and the initiator must agree on when no INI
// sets them.
const (
	// DefaultHeartbeatSpan is the time from one heartbeat to the next.
	DefaultHeartbeatSpan = 3 * time.Second
	// DefaultHeartbeatTolerance is the time without a heartbeat after which a
	// worker is replaced, or a worker gives up its master.
	DefaultHeartbeatTolerance = 15 * time.Second
	// DefaultOrphanGrace is the time for which a worker that outlives its
	// initiator keeps its results for the next one.
	DefaultOrphanGrace = 10 * time.Minute
)

// durationUnits are the units of systemd.time(7), from microseconds to weeks. A
// number without a unit counts seconds.
var durationUnits = map[string]time.Duration{
	"us": time.Microsecond, "ms": time.Millisecond, "msec": time.Millisecond,
	"": time.Second, "s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
}

// ParseDuration reads the value of a key that holds a duration, such as 10
// (seconds), 0.5, 10s, 1min 30s or 1.5h. It is the only parser of durations: every
// Go worker can read each value that `initiator check` accepts.
// The error is a [Fault] without a place.
func ParseDuration(s string) (time.Duration, error) {
	notDuration := Fault{
		Problem: fmt.Sprintf("%q is not a duration", s),
		Remedy:  "write 10s, 1min 30s or 2h; a number without a unit means seconds",
	}
	rest := strings.TrimSpace(s)
	if rest == "" {
		return 0, notDuration
	}
	var total float64
	for rest != "" {
		digits, unit, after := cutQuantity(rest)
		n, err := strconv.ParseFloat(digits, 64)
		size, known := durationUnits[unit]
		if err != nil || !known || (unit == "" && digits != strings.TrimSpace(s)) {
			return 0, notDuration
		}
		total += n * float64(size)
		rest = after
	}
	if total >= math.MaxInt64 {
		return 0, Fault{Problem: fmt.Sprintf("%q is too long", s), Remedy: "write at most 290 years"}
	}
	return time.Duration(math.Round(total)), nil
}

// cutQuantity cuts "1min 30s" into "1", "min" and "30s". White space may
// separate a unit from its number, as in "5 min".
func cutQuantity(s string) (digits, unit, rest string) {
	digits, rest = cutBytes(s, func(c byte) bool { return c == '.' || (c >= '0' && c <= '9') })
	unit, rest = cutBytes(strings.TrimLeft(rest, " \t"), func(c byte) bool { return c >= 'a' && c <= 'z' })
	return digits, unit, strings.TrimLeft(rest, " \t")
}

// cutBytes cuts s after its first bytes that belong to a set.
func cutBytes(s string, belongs func(byte) bool) (span, rest string) {
	n := 0
	for n < len(s) && belongs(s[n]) {
		n++
	}
	return s[:n], s[n:]
}
