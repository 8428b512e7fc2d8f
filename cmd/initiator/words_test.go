package main

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90": 90 * time.Second, "0.5": 500 * time.Millisecond, "1m30s": 90 * time.Second, "0": 0,
	} {
		var s DurationFlag
		if err := s.Set(text); err != nil || s.Value != want || !s.Given {
			t.Errorf("%q is %v, %v; want %v", text, s.Value, err, want)
		}
	}
	for _, text := range []string{"", "soon", "-1", "-1s", "1e300", "NaN"} {
		var s DurationFlag
		if err := s.Set(text); err == nil {
			t.Errorf("%q was taken for %v", text, s.Value)
		}
	}
}

func TestMoment(t *testing.T) {
	var m MomentFlag
	if err := m.Set("2030-01-31T12:00:00Z"); err != nil || m.At.Unix() != 1896091200 {
		t.Errorf("%v, %v", m.At, err)
	}
	before := time.Now()
	if err := m.Set("90s"); err != nil || m.At.Before(before.Add(90*time.Second)) {
		t.Errorf("%v, %v", m.At, err)
	}
	if err := m.Set("tomorrow"); err == nil {
		t.Error("tomorrow was taken")
	}
}

func TestTimesAsPeopleReadThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		1234 * time.Nanosecond: "0s", 350 * time.Microsecond: "350µs", 84600 * time.Microsecond: "84 ms",
		1530 * time.Millisecond: "1.5 s", 90 * time.Second: "1m30s",
		40 * time.Second: "40 s", 10 * time.Minute: "10m", time.Hour: "1h",
	} {
		if got := FormatDuration(d); got != want {
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

func TestListCountsWhatDoesNotFit(t *testing.T) {
	if got := JoinNames([]string{"a", "b"}); got != "a, b" {
		t.Error(got)
	}
	if got := JoinNames([]string{"a", "b", "c", "d", "e", "f", "g"}); got != "a, b, c, d, e and 2 more" {
		t.Error(got)
	}
}
