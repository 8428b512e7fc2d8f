package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"initiator/internal/queue"
	"initiator/internal/supervise"
)

// ShortGUID is as much of a guid as tells workers apart by eye.
func ShortGUID(guid string) string {
	if len(guid) > 8 {
		return guid[:8]
	}
	return guid
}

// NumberOrDash shows nothing for a zero that means "none".
func NumberOrDash(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// FormatDuration shows a span with as many digits as anybody wants to read.
func FormatDuration(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	// 10m, not 10m0s
	whole := strings.Replace(d.Round(time.Second).String(), "m0s", "m", 1)
	return strings.Replace(whole, "h0m", "h", 1)
}

// FormatUptime is supervisorctl's: 0:00:12, 3 days, 1:02:03.
func FormatUptime(d time.Duration) string {
	s := int(max(d, 0).Seconds())
	clock := fmt.Sprintf("%d:%02d:%02d", s/3600%24, s/60%60, s%60)
	if days := s / 86400; days > 0 {
		return Plural(days, "day") + ", " + clock
	}
	return clock
}

// StateColour is green for what is well, red for what is not, yellow between.
func StateColour(state string) string {
	switch state {
	case supervise.Running.String(), string(task.Completed):
		return ColourGood
	case supervise.Fatal.String(), supervise.Backoff.String(), string(task.Failed), string(task.Dead):
		return ColourBad
	case supervise.Starting.String(), supervise.Stopping.String(), string(task.Running), Unready:
		return ColourBusy
	}
	return ""
}

// Unready is shown for a worker that is RUNNING and does not answer.
const Unready = "UNREADY"

// StateName is the state of a worker in one word.
func StateName(w supervise.Worker) string {
	if w.State == supervise.Running && !w.Ready {
		return Unready
	}
	return w.State.String()
}

// DurationFlag reads a duration from a flag: 90, 90s, 1m30s.
type DurationFlag struct {
	Value time.Duration
	Given bool
}

// String implements pflag.Value.
func (s *DurationFlag) String() string {
	if !s.Given {
		return ""
	}
	return s.Value.String()
}

// Set implements pflag.Value.
func (s *DurationFlag) Set(text string) error {
	d, err := time.ParseDuration(text)
	if n, numeric := strconv.ParseFloat(text, 64); numeric == nil && n < 1e9 {
		d, err = time.Duration(n*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no duration: write 90, 90s or 1m30s", text)
	}
	s.Value, s.Given = d, true
	return nil
}

// Type implements pflag.Value.
func (s *DurationFlag) Type() string { return "DURATION" }

// MomentFlag reads a point in time from a flag: RFC 3339, or from now on.
type MomentFlag struct{ At time.Time }

// String implements pflag.Value.
func (m *MomentFlag) String() string {
	if m.At.IsZero() {
		return ""
	}
	return m.At.Format(time.RFC3339)
}

// Set implements pflag.Value.
func (m *MomentFlag) Set(text string) error {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		m.At = at
		return nil
	}
	var s DurationFlag
	if s.Set(text) != nil {
		return fmt.Errorf("%q is no point in time: write 2030-01-31T12:00:00Z, or a duration from now such as 90s", text)
	}
	m.At = time.Now().Add(s.Value)
	return nil
}

// Type implements pflag.Value.
func (m *MomentFlag) Type() string { return "TIME" }

// Plural is "1 worker", "2 workers".
func Plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// JoinNames joins names for a sentence, and counts those that do not fit in it.
func JoinNames(names []string) string {
	const shown = 5
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + " and " + strconv.Itoa(len(names)-shown) + " more"
	}
	return strings.Join(names, ", ")
}
