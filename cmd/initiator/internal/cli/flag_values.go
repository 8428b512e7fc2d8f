package cli

import (
	"fmt"
	"strconv"
	"time"
)

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

// PastFlag reads a point in time from a flag: RFC 3339, or before now.
type PastFlag struct{ At time.Time }

// String implements pflag.Value.
func (p *PastFlag) String() string {
	if p.At.IsZero() {
		return ""
	}
	return p.At.Format(time.RFC3339)
}

// Set implements pflag.Value.
func (p *PastFlag) Set(text string) error {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		p.At = at
		return nil
	}
	var s DurationFlag
	if s.Set(text) != nil {
		return fmt.Errorf("%q is no point in time: write 2030-01-31T12:00:00Z, or how long ago, such as 10m", text)
	}
	p.At = time.Now().Add(-s.Value)
	return nil
}

// Type implements pflag.Value.
func (p *PastFlag) Type() string { return "TIME" }
