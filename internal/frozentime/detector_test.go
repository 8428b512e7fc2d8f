package frozentime

import (
	"testing"
	"time"
)

// TestStoppedFor: a round that is late by two intervals, and by a second at
// least, follows a gap. A busy machine is late by less.
func TestStoppedFor(t *testing.T) {
	due := time.Now()
	for _, c := range []struct{ interval, late, want time.Duration }{
		{time.Second, -time.Second, 0}, // woken early by a message
		{time.Second, 0, 0},
		{time.Second, 1900 * time.Millisecond, 0}, // load 40
		{time.Second, 2 * time.Second, 0},
		{time.Second, 2100 * time.Millisecond, 3100 * time.Millisecond},
		{time.Second, 20 * time.Second, 21 * time.Second},
		{100 * time.Millisecond, 900 * time.Millisecond, 0},
		{100 * time.Millisecond, 1100 * time.Millisecond, 1200 * time.Millisecond},
		{3 * time.Second, 6 * time.Second, 0},
		{3 * time.Second, 7 * time.Second, 10 * time.Second},
	} {
		if got := stoppedFor(due, c.interval, due.Add(c.late)); got != c.want {
			t.Errorf("late by %s of %s: %s, want %s", c.late, c.interval, got, c.want)
		}
	}
}

// TestDetectorAtRest: a loop that has nothing to wait for may sleep for any
// time.
func TestDetectorAtRest(t *testing.T) {
	var d Detector
	now := time.Now()
	observe := func(later time.Duration) Gap { now = now.Add(later); return d.Observe(now) }
	if g := observe(time.Hour); g.Found() {
		t.Errorf("before the first Expect: %v", g)
	}
	d.Expect(now.Add(time.Second), time.Second)
	if g := observe(time.Hour); g.Stopped != time.Hour {
		t.Errorf("after an hour: %v", g)
	}
	if g := observe(time.Hour); g.Found() {
		t.Errorf("without another Expect: %v", g)
	}
	d.Expect(now.Add(time.Second), time.Second)
	d.Rest()
	if g := observe(time.Hour); g.Found() {
		t.Errorf("at rest: %v", g)
	}
}

// TestDetectorSuspended: the time of a suspended machine is found, once.
func TestDetectorSuspended(t *testing.T) {
	var d Detector
	now := time.Now()
	d.Expect(now.Add(time.Second), time.Second)
	d.suspended -= 8 * time.Hour // as if the machine had been suspended since
	now = now.Add(time.Second)
	if g := d.Observe(now); g.Suspended.Round(time.Second) != 8*time.Hour || g.Stopped != 0 {
		t.Errorf("%+v", g)
	}
	d.Expect(now.Add(time.Second), time.Second)
	if g := d.Observe(now.Add(time.Second)); g.Found() {
		t.Errorf("twice: %+v", g)
	}
}

func TestGapMoves(t *testing.T) {
	now := time.Now()
	stopped, suspended := Gap{Stopped: 20 * time.Second}, Gap{Suspended: time.Hour}
	for _, c := range []struct {
		name      string
		gap       Gap
		from      time.Duration // since now
		want      time.Duration
		wantStart time.Duration // of a wait of 15 s that began then
	}{
		{"no gap", Gap{}, -time.Second, -time.Second, -time.Second},
		{"longer than the grace is left", stopped, -10 * time.Second, 10 * time.Second, 0},
		{"passed during the gap", stopped, -19 * time.Second, 3 * time.Second, 0},
		{"passed before the gap", stopped, -34 * time.Second, 3 * time.Second, -12 * time.Second},
		{"suspended", suspended, time.Second, 3 * time.Second, 0},
		{"suspended, a long wait", suspended, -5 * time.Second, 3 * time.Second, -5 * time.Second},
	} {
		if got := c.gap.MoveDeadline(now.Add(c.from), now, 3*time.Second).Sub(now); got != c.want {
			t.Errorf("%s: the deadline is in %s, want %s", c.name, got, c.want)
		}
		if got := c.gap.MoveStart(now.Add(c.from), now, 15*time.Second, 3*time.Second).Sub(now); got != c.wantStart {
			t.Errorf("%s: the start is %s, want %s", c.name, got, c.wantStart)
		}
	}
	if got := stopped.MoveDeadline(time.Time{}, now, time.Hour); !got.IsZero() {
		t.Errorf("no deadline becomes %s", got)
	}
	if got := stopped.MoveStart(time.Time{}, now, time.Hour, 0); !got.IsZero() {
		t.Errorf("no start becomes %s", got)
	}
}

func TestGapInWords(t *testing.T) {
	for want, g := range map[string]Gap{
		"the initiator did not run for 20.1s":                                        {Stopped: 20123 * time.Millisecond},
		"the machine was suspended for 8h0m0s":                                       {Suspended: 8 * time.Hour},
		"the initiator did not run for 4s, and the machine was suspended for 1h0m0s": {4 * time.Second, time.Hour},
	} {
		if g.String() != want {
			t.Errorf("%q, want %q", g, want)
		}
	}
}
