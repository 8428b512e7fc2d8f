package plan

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"initiator/proactor"
)

var duration = kind[time.Duration]{name: "duration", parse: parseDuration, format: formatSeconds}

// parseDuration is [proactor.ParseDuration], with the faults of this package.
func parseDuration(s string) (time.Duration, error) {
	d, err := proactor.ParseDuration(s)
	var f proactor.Fault
	if errors.As(err, &f) {
		return 0, valueFault{f.Problem, f.Remedy}
	}
	return d, err
}

// formatSeconds writes a duration as a number of seconds, which a program in
// any language can read.
func formatSeconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}

// durationText writes a duration for people, as the default of a key.
func durationText(d time.Duration) string {
	switch {
	case d > 0 && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	case d > 0 && d%time.Hour == 0:
		return fmt.Sprintf("%dh", d/time.Hour)
	case d > 0 && d%time.Minute == 0:
		return fmt.Sprintf("%dmin", d/time.Minute)
	case d%time.Second == 0:
		return fmt.Sprintf("%ds", d/time.Second)
	}
	return strings.ReplaceAll(d.String(), "µs", "us")
}
