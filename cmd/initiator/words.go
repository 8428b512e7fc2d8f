package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"initiator/internal/queue"
	"initiator/internal/supervise"
)

// short is as much of a guid as tells workers apart by eye.
func short(guid string) string {
	if len(guid) > 8 {
		return guid[:8]
	}
	return guid
}

// number shows nothing for a zero that means "none".
func number(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

// took shows a span with as many digits as anybody wants to read.
func took(d time.Duration) string {
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

// uptime is supervisorctl's: 0:00:12, 3 days, 1:02:03.
func uptime(d time.Duration) string {
	s := int(max(d, 0).Seconds())
	clock := fmt.Sprintf("%d:%02d:%02d", s/3600%24, s/60%60, s%60)
	if days := s / 86400; days > 0 {
		return plural(days, "day") + ", " + clock
	}
	return clock
}

// stateColour is green for what is well, red for what is not, yellow between.
func stateColour(state string) string {
	switch state {
	case supervise.Running.String(), string(task.Completed):
		return good
	case supervise.Fatal.String(), supervise.Backoff.String(), string(task.Failed), string(task.Dead):
		return bad
	case supervise.Starting.String(), supervise.Stopping.String(), string(task.Running), unready:
		return busy
	}
	return ""
}

// unready is shown for a worker that is RUNNING and does not answer.
const unready = "UNREADY"

// stateOf is the state of a worker in one word.
func stateOf(w supervise.Worker) string {
	if w.State == supervise.Running && !w.Ready {
		return unready
	}
	return w.State.String()
}

// span reads a duration from a flag: 90, 90s, 1m30s.
type span struct {
	d   time.Duration
	set bool
}

// String implements pflag.Value.
func (s *span) String() string {
	if !s.set {
		return ""
	}
	return s.d.String()
}

// Set implements pflag.Value.
func (s *span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if n, numeric := strconv.ParseFloat(text, 64); numeric == nil && n < 1e9 {
		d, err = time.Duration(n*float64(time.Second)), nil
	}
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no duration: write 90, 90s or 1m30s", text)
	}
	s.d, s.set = d, true
	return nil
}

// Type implements pflag.Value.
func (s *span) Type() string { return "DURATION" }

// moment reads a point in time from a flag: RFC 3339, or from now on.
type moment struct{ at time.Time }

// String implements pflag.Value.
func (m *moment) String() string {
	if m.at.IsZero() {
		return ""
	}
	return m.at.Format(time.RFC3339)
}

// Set implements pflag.Value.
func (m *moment) Set(text string) error {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		m.at = at
		return nil
	}
	var s span
	if s.Set(text) != nil {
		return fmt.Errorf("%q is no point in time: write 2030-01-31T12:00:00Z, or a duration from now such as 90s", text)
	}
	m.at = time.Now().Add(s.d)
	return nil
}

// Type implements pflag.Value.
func (m *moment) Type() string { return "TIME" }

// plural is "1 worker", "2 workers".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}

// list joins names for a sentence, and counts those that do not fit in it.
func list(names []string) string {
	const shown = 5
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + " and " + strconv.Itoa(len(names)-shown) + " more"
	}
	return strings.Join(names, ", ")
}
