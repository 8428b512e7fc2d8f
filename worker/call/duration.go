package call

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

var units = map[string]time.Duration{
	"": time.Second, "us": time.Microsecond, "ms": time.Millisecond,
	"s": time.Second, "sec": time.Second, "m": time.Minute, "min": time.Minute,
	"h": time.Hour, "d": 24 * time.Hour,
}

// longest is far from what a time.Duration cannot hold.
const longest = 100 * 365 * 24 * time.Hour

// parseDuration reads 10, 2.5, 10s, 1min 30s, 2h: what an INI holds. A number
// alone is seconds.
func parseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest := strings.TrimSpace(s)
	if rest == "" {
		return 0, fmt.Errorf("a duration is empty; write 10s or 1min 30s")
	}
	for rest != "" {
		end := strings.IndexFunc(rest, func(r rune) bool { return r != '.' && !unicode.IsDigit(r) })
		if end < 0 {
			end = len(rest)
		}
		number, err := strconv.ParseFloat(rest[:end], 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration; write 10s or 1min 30s", s)
		}
		rest = strings.TrimLeft(rest[end:], " ")
		end = strings.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })
		if end < 0 {
			end = len(rest)
		}
		unit, ok := units[rest[:end]]
		if !ok {
			return 0, fmt.Errorf("%q: there is no unit %q; use ms, s, min, h or d", s, rest[:end])
		}
		if number*float64(unit) > float64(longest-total) {
			return 0, fmt.Errorf("%q is longer than %s; write something shorter", s, longest)
		}
		total += time.Duration(number * float64(unit))
		rest = strings.TrimLeft(rest[end:], " ")
	}
	return total, nil
}
