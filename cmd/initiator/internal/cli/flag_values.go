package cli

import (
	"fmt"
	"strconv"
	"time"
)

// DurationFlag is a flag with a duration: 90, 90s or 1m30s. A number without a
// unit is seconds.
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
		return fmt.Errorf("%q is not a duration: write 90, 90s or 1m30s", text)
	}
	s.Value, s.Given = d, true
	return nil
}

// Type implements pflag.Value.
func (s *DurationFlag) Type() string { return "DURATION" }

// MomentFlag is a flag with a point in time: RFC 3339, or a duration from now.
// The zero value is "not given".
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
		return fmt.Errorf("%q is not a point in time: write 2030-01-31T12:00:00Z, or a duration from now such as 90s", text)
	}
	m.At = time.Now().Add(s.Value)
	return nil
}

// Type implements pflag.Value.
func (m *MomentFlag) Type() string { return "TIME" }

// PastFlag is a flag with a point in time: RFC 3339, or how long ago. The zero
// value is "not given".
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
		return fmt.Errorf("%q is not a point in time: write 2030-01-31T12:00:00Z, or how long ago, such as 10m", text)
	}
	p.At = time.Now().Add(-s.Value)
	return nil
}

// Type implements pflag.Value.
func (p *PastFlag) Type() string { return "TIME" }
