package lifecycle

import (
	"fmt"
	"testing"
	"time"
	"unsafe"

	"initiator/initiator/report"
)

// stepped returns the same moment after the wall clock was set forward by so
// many seconds, or after a suspension, in which only the wall clock goes on:
// the monotonic reading stays. No exported function makes such a time.
func stepped(t time.Time, seconds int64) time.Time {
	// With a monotonic reading, wall is 1 bit, 33 bits of seconds since 1885,
	// and 30 bits of nanoseconds: see package time.
	words := (*struct {
		wall uint64
		ext  int64
	})(unsafe.Pointer(&t))
	words.wall += uint64(seconds) << 30
	return t
}

func TestSteppedIsAStep(t *testing.T) {
	now := time.Now()
	after := stepped(now, 3600)
	if after.Sub(now) != 0 || after.Unix()-now.Unix() != 3600 {
		t.Fatalf("%s and %s: %s apart", now, after, after.Sub(now))
	}
}

// TestClockStepChangesNothing applies every cell of the table some time after
// its record was made, with and without a step of the wall clock. The decision
// must be the same, and the deadlines equally far away.
func TestClockStepChangesNothing(t *testing.T) {
	then := time.Now()
	for p := range PhaseCount {
		for k := range eventKinds {
			for _, later := range []time.Duration{0, time.Second, time.Minute, time.Hour} {
				now := then.Add(later)
				want := decision(inPhase(p, then), Event{Kind: k, Random: 0.5}, now)
				for _, step := range []int64{-86400, -3600, -1, 1, 3600, 86400} {
					if got := decision(inPhase(p, then), Event{Kind: k, Random: 0.5}, stepped(now, step)); got != want {
						t.Errorf("%s × %s after %s, with a step of %ds: %s, want %s", p, k, later, step, got, want)
					}
				}
			}
		}
	}
}

// decision returns everything that follows from an event, without wall-clock
// times.
func decision(r Record, e Event, now time.Time) string {
	after, acts, reason := Next(r, e, now)
	due := "never"
	if at := after.NextDeadline(); !at.IsZero() {
		due = at.Sub(now).String()
	}
	return fmt.Sprintf("%s, %v, %q, due in %s, %d deaths", after.Phase, acts, reason, due, len(after.Deaths.Recent))
}

// TestClockStepAndTheWindow: the window of restart_limit is measured in elapsed
// time, whatever the wall clock does in between.
func TestClockStepAndTheWindow(t *testing.T) {
	for _, c := range []struct {
		name string
		step int64
		gap  time.Duration
		want restartChoice
	}{
		{"set forward by a day: not forgotten", 86400, time.Minute, giveUpRestarts},
		{"suspended for a day: not forgotten", 86400, time.Second, giveUpRestarts},
		{"set back by a day: forgotten all the same", -86400, 6 * time.Minute, restartAgain},
		{"no step", 0, 6 * time.Minute, restartAgain},
	} {
		policy := withLimit(3)
		history, now := DeathHistory{}, time.Now()
		var v RestartDecision
		for i := range 3 {
			at := now.Add(time.Duration(i) * c.gap)
			if i > 0 {
				at = stepped(at, c.step)
			}
			history, v = decideRestart(policy, history, deathFacts{At: at, Class: report.ExitNonzero, Exit: "x"}, 0.5)
		}
		if v.Choice != c.want {
			t.Errorf("%s: %s", c.name, v.Reason)
		}
	}
}
