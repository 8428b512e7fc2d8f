package terminal

import (
	"testing"
	"time"
)

func TestFormatElapsedAndUptime(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1234 * time.Nanosecond: "0s", 350 * time.Microsecond: "350µs", 84600 * time.Microsecond: "84 ms",
		1530 * time.Millisecond: "1.5 s", 90 * time.Second: "1m30s",
		40 * time.Second: "40 s", 10 * time.Minute: "10m", time.Hour: "1h",
	} {
		if got := FormatElapsed(d); got != want {
			t.Errorf("took(%d) = %s, want %s", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		-time.Second: "0:00:00", 12 * time.Second: "0:00:12", 26*time.Hour + 3*time.Minute: "1 day, 2:03:00",
	} {
		if got := FormatUptime(d); got != want {
			t.Errorf("uptime(%v) = %s, want %s", d, got, want)
		}
	}
}
