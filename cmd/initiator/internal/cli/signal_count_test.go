package cli

import (
	"syscall"
	"testing"
	"time"
)

func TestTheSameSignalTwiceCountsOnce(t *testing.T) {
	var c signalCount
	start := time.Now()
	for _, s := range []struct {
		at     time.Duration
		signal syscall.Signal
		counts bool
	}{
		{0, syscall.SIGTERM, true},
		{2 * time.Millisecond, syscall.SIGTERM, false},
		{99 * time.Millisecond, syscall.SIGTERM, false},
		{100 * time.Millisecond, syscall.SIGTERM, true}, // measured from the last signal that counted
		{150 * time.Millisecond, syscall.SIGINT, true},  // another order
		{151 * time.Millisecond, syscall.SIGTERM, true},
		{time.Minute, syscall.SIGTERM, true},
	} {
		if got := c.countSignal(s.signal, start.Add(s.at)); got != s.counts {
			t.Errorf("%s after %s counts: %t", s.signal, s.at, got)
		}
	}
}
