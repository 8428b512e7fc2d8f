package plan

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

var duration = kind[time.Duration]{name: "duration", parse: parseDuration}

// units are those of systemd.time(7), as far as a supervisor needs them.
var units = map[string]time.Duration{
	"us": time.Microsecond, "ms": time.Millisecond, "msec": time.Millisecond,
	"": time.Second, "s": time.Second, "sec": time.Second, "secs": time.Second, "second": time.Second, "seconds": time.Second,
	"m": time.Minute, "min": time.Minute, "mins": time.Minute, "minute": time.Minute, "minutes": time.Minute,
	"h": time.Hour, "hr": time.Hour, "hour": time.Hour, "hours": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour, "days": 24 * time.Hour,
	"w": 7 * 24 * time.Hour, "week": 7 * 24 * time.Hour, "weeks": 7 * 24 * time.Hour,
}

// parseDuration reads 10 (seconds), 10s, 1min 30s, 1.5h.
func parseDuration(s string) (time.Duration, error) {
	bad := wrong{fmt.Sprintf("%q is not a duration", s), "write 10s, 1min 30s or 2h; a bare number means seconds"}
	rest := strings.TrimSpace(s)
	if rest == "" {
		return 0, bad
	}
	var total float64
	for rest != "" {
		digits, unit, after := nextQuantity(rest)
		n, err := strconv.ParseFloat(digits, 64)
		size, known := units[unit]
		if err != nil || !known || (unit == "" && digits != strings.TrimSpace(s)) {
			return 0, bad
		}
		total += n * float64(size)
		rest = after
	}
	if total >= math.MaxInt64 {
		return 0, wrong{fmt.Sprintf("%q is too long", s), "write at most 290 years"}
	}
	return time.Duration(math.Round(total)), nil
}

// nextQuantity cuts "1min 30s" into "1", "min" and "30s". A unit may stand
// apart from its number, as in "5 min".
func nextQuantity(s string) (digits, unit, rest string) {
	digits, rest = cutSpan(s, func(c byte) bool { return c == '.' || (c >= '0' && c <= '9') })
	unit, rest = cutSpan(strings.TrimLeft(rest, " \t"), func(c byte) bool { return c >= 'a' && c <= 'z' })
	return digits, unit, strings.TrimLeft(rest, " \t")
}

func cutSpan(s string, in func(byte) bool) (span, rest string) {
	n := 0
	for n < len(s) && in(s[n]) {
		n++
	}
	return s[:n], s[n:]
}
