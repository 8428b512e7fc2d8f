//go:build unix

package worker

import (
	"testing"
	"time"
)

// TestMasterSilence: a master is lost after the tolerance, and time in which
// this process did not run does not count.
func TestMasterSilence(t *testing.T) {
	const span, tolerance = 3 * time.Second, 15 * time.Second
	for _, c := range []struct {
		name         string
		wait, frozen time.Duration
		lost         bool
	}{
		{"in time", 14 * time.Second, 0, false},
		{"over", 15 * time.Second, 0, true},
		{"late by a busy machine", 12 * time.Second, 2 * time.Second, false},
		{"frozen", time.Second, time.Hour, false},
		{"frozen when the tolerance was almost over", 14900 * time.Millisecond, time.Hour, false},
	} {
		now := time.Now()
		m := masterSilence{since: now, tolerance: tolerance, span: span}
		for range 10 { // rounds that are in time
			m.expectBy(now.Add(c.wait / 10))
			now = now.Add(c.wait / 10)
			m.observe(now)
		}
		m.expectBy(now)
		m.observe(now.Add(c.frozen))
		if m.isOver(now.Add(c.frozen)) != c.lost {
			t.Errorf("%s: lost after %s", c.name, now.Add(c.frozen).Sub(m.since))
		}
	}
}
