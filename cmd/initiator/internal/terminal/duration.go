package terminal

import (
	"fmt"
	"time"

	"initiator/internal/lifecycle"
)

// FormatElapsed returns a duration with two or three digits: "84 ms", "1.5 s",
// "10m".
func FormatElapsed(d time.Duration) string {
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
	return lifecycle.FormatDuration(d)
}

// FormatUptime returns a duration as supervisorctl shows it: "0:00:12", "3
// days, 1:02:03".
func FormatUptime(d time.Duration) string {
	s := int(max(d, 0).Seconds())
	clock := fmt.Sprintf("%d:%02d:%02d", s/3600%24, s/60%60, s%60)
	if days := s / 86400; days > 0 {
		return Plural(days, "day") + ", " + clock
	}
	return clock
}
