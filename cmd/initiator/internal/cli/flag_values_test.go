package cli

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
