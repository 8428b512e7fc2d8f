package terminal

import (
	"fmt"
	"strings"
	"time"
)

// FormatDuration returns a duration with two or three digits: "84 ms", "1.5 s",
// "10m".
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
