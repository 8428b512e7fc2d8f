package proactor

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"10": 10 * time.Second, "0": 0, "0.5": 500 * time.Millisecond, "2.5": 2500 * time.Millisecond,
		"10s": 10 * time.Second, "100ms": 100 * time.Millisecond, "10us": 10 * time.Microsecond,
		"1min 30s": 90 * time.Second, "1min30s": 90 * time.Second, "5 min": 5 * time.Minute,
		"1.5h": 90 * time.Minute, "2h": 2 * time.Hour, "1 d": 24 * time.Hour,
	} {
		if got, err := ParseDuration(text); got != want || err != nil {
			t.Errorf("%q = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", " ", "s", "-1", "1x", "1 fortnight", "1..2", "1.2.3s", "1min 30", "30 1min", "9e9h", "1e400", "10S", "1m,2s", "1000000w", "NaN", "Inf", "0x10",
	} {
		got, err := ParseDuration(text)
		var fault Fault
		if !errors.As(err, &fault) || fault.Problem == "" || fault.Remedy == "" {
			t.Errorf("%q = %v, %v; want a fault with a remedy", text, got, err)
		}
	}
}

// A duration that is accepted is not negative, and its microseconds read back.
func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"10", "1min 30s", "1.5h", "1min 30", "9999999999w", "999999999999999999999d", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDuration(s)
		if err != nil {
			return
		}
		again, err := ParseDuration(fmt.Sprintf("%dus", d.Microseconds()))
		if d < 0 || err != nil || (again-d).Abs() > d/1e9+time.Microsecond {
			t.Errorf("%q = %v, which reads back as %v, %v", s, d, again, err)
		}
	})
}
