package lifecycle

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// defaults is the restart policy of the INI's defaults.
func defaults() plan.Restart {
	return plan.Restart{
		Auto: "unexpected", ExitCodes: []int{0}, Delay: 100 * time.Millisecond, DelayMax: time.Minute,
		Factor: 2, Jitter: 0.1, Reset: 10 * time.Minute, OnFatal: "ignore",
	}
}

// withLimit is that policy with a restart_limit.
func withLimit(limit int) plan.Restart {
	policy := defaults()
	policy.Limit, policy.Window = limit, 10*time.Minute
	return policy
}

// TestSchedule shows the schedule of the restart policy: a worker dies at once
// for ever.
func TestSchedule(t *testing.T) {
	const want = `
death 1 at 0s: again in 0s
death 2 at 0s: again in 100ms
death 3 at 100ms: again in 200ms
death 4 at 300ms: again in 400ms
death 5 at 700ms: again in 800ms
death 6 at 1.5s: again in 1.6s
death 7 at 3.1s: again in 3.2s
death 8 at 6.3s: again in 6.4s
death 9 at 12.7s: again in 12.8s
death 10 at 25.5s: again in 25.6s
death 11 at 51.1s: again in 51.2s
death 12 at 1m42.3s: again in 1m0s
death 13 at 2m42.3s: again in 1m0s
`
	var got strings.Builder
	start := time.Now()
	now, history := start, DeathHistory{}
	for i := 1; i <= 1000; i++ {
		var v RestartDecision
		history, v = decideRestart(defaults(), history, deathFacts{At: now, Class: report.ExitNonzero, EarlyDeath: true, Exit: "exit code 1"}, 0.5)
		if v.Choice != restartAgain {
			t.Fatalf("death %d: %s", i, v.Reason)
		}
		if i <= 13 {
			fmt.Fprintf(&got, "death %d at %s: again in %s\n", i, now.Sub(start), v.Delay)
		}
		now = v.Next
	}
	if got.String() != want[1:] {
		t.Errorf("the schedule is\n%s\nwant\n%s", got.String(), want)
	}
	if history.Recent != nil {
		t.Errorf("%d deaths are remembered, and no rule needs them", len(history.Recent))
	}
}

// TestRestartLimit: a limit of the INI makes the worker FATAL.
func TestRestartLimit(t *testing.T) {
	history, now := DeathHistory{}, time.Now()
	for i := 1; i <= 10; i++ {
		var v RestartDecision
		history, v = decideRestart(withLimit(10), history, deathFacts{At: now, Class: report.ExitNonzero, Exit: "exit code 1"}, 0.5)
		switch {
		case i < 10 && v.Choice != restartAgain:
			t.Fatalf("death %d: %s", i, v.Reason)
		case i == 10 && v.Reason != "exit code 1; given up: 10 deaths within 10m (restart_limit = 10/10min)":
			t.Errorf("death %d: %s", i, v.Reason)
		}
		now = v.Next
	}
}

// TestScheduleWithoutLimit shows the cap, and the two limits of the jitter.
func TestScheduleWithoutLimit(t *testing.T) {
	policy := defaults()
	policy.Limit = 0
	for _, c := range []struct {
		n      int
		random float64
		want   time.Duration
	}{
		{0, 0.9, 0},
		{1, 0.5, 100 * time.Millisecond},
		{1, 0, 90 * time.Millisecond},
		{5, 0.5, 1600 * time.Millisecond},
		{10, 0.5, 51200 * time.Millisecond},
		{11, 0.5, time.Minute},
		{11, 0, 54 * time.Second},
		{1_000_000, 0.5, time.Minute}, // the power overflows, but the delay does not
	} {
		if got := restartDelay(policy, c.n, c.random).Round(time.Millisecond); got != c.want {
			t.Errorf("delay after %d deaths, random %.1f: %s, want %s", c.n, c.random, got, c.want)
		}
	}
}

func TestClassAndAutorestart(t *testing.T) {
	classes := []report.ExitClass{report.ExitClean, report.ExitNonzero, report.ExitSignal, report.ExitStartTimeout, report.ExitUnhealthy, report.ExitSpawnError, report.ExitOutOfMemory, report.ExitPortTaken, report.ExitKeeperLost}
	want := map[string]string{ // one letter a class: again, leave, give up
		"unexpected": "LAAAAAAAA",
		"true":       "AAAAAAAAA",
		"false":      "LLLLLGLLL",
	}
	for auto, letters := range want {
		policy := defaults()
		policy.Auto = auto
		for i, class := range classes {
			_, v := decideRestart(policy, DeathHistory{}, deathFacts{At: time.Now(), Class: class, Exit: "x"}, 0.5)
			if got := "ALG"[v.Choice]; got != letters[i] {
				t.Errorf("autorestart = %s, %s: %c, want %c", auto, class, got, letters[i])
			}
			if v.Reason == "" || v.Rule == "" {
				t.Errorf("autorestart = %s, %s: a decision without its reason: %+v", auto, class, v)
			}
		}
	}
}

// TestWindowsEdge: a worker whose deaths are exactly a window apart is not
// given up; a nanosecond faster it is.
func TestWindowsEdge(t *testing.T) {
	for _, c := range []struct {
		name string
		step time.Duration
		want restartChoice
	}{
		{"at the edge", 5 * time.Minute, restartAgain}, // deaths 1 and 3 are exactly a window apart
		{"just inside", 5*time.Minute - 1, giveUpRestarts},
	} {
		policy := withLimit(3)
		history, now, last := DeathHistory{}, time.Now(), restartAgain
		for range 10 {
			var v RestartDecision
			history, v = decideRestart(policy, history, deathFacts{At: now, Class: report.ExitSignal}, 0.5)
			if last = v.Choice; last != restartAgain {
				break
			}
			now = now.Add(c.step)
		}
		if last != c.want {
			t.Errorf("%s: ruling %d, want %d", c.name, last, c.want)
		}
	}
}

// TestStartRetries: only deaths in a row and before readiness count. A port that
// another program has says nothing about the worker.
func TestStartRetries(t *testing.T) {
	policy := defaults()
	policy.Retries = 3
	policy.Limit = 0
	early, late, port := deathFacts{Class: report.ExitNonzero, EarlyDeath: true}, deathFacts{Class: report.ExitNonzero}, deathFacts{Class: report.ExitPortTaken, EarlyDeath: true}
	history, now := DeathHistory{}, time.Now()
	for i, c := range []struct {
		death deathFacts
		want  restartChoice
	}{
		{early, restartAgain},
		{early, restartAgain},
		{late, restartAgain},
		{port, restartAgain},
		{port, restartAgain},
		{port, restartAgain},
		{port, restartAgain},
		{early, restartAgain},
		{port, restartAgain},
		{early, restartAgain},
		{early, giveUpRestarts},
	} {
		var v RestartDecision
		c.death.At = now
		history, v = decideRestart(policy, history, c.death, 0.5)
		if v.Choice != c.want {
			t.Errorf("death %d: %s", i+1, v.Reason)
		}
	}
}

// TestPastIsAValue: two decisions from one history have the same result.
func TestPastIsAValue(t *testing.T) {
	policy, now := defaults(), time.Now()
	policy.Limit = 10
	history, _ := decideRestart(policy, DeathHistory{}, deathFacts{At: now, Class: report.ExitNonzero}, 0.5)
	a, _ := decideRestart(policy, history, deathFacts{At: now.Add(1), Class: report.ExitNonzero}, 0.5)
	b, _ := decideRestart(policy, history, deathFacts{At: now.Add(2), Class: report.ExitNonzero}, 0.5)
	if len(history.Recent) != 1 || a.Recent[1].Equal(b.Recent[1]) {
		t.Errorf("two futures of one history share their memory: %v %v", a, b)
	}
}

func BenchmarkRestartDecision(b *testing.B) {
	policy, history, now := defaults(), DeathHistory{}, time.Now()
	policy.Limit = 1 << 30
	policy.Window = time.Second
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		history, _ = decideRestart(policy, history, deathFacts{At: now.Add(time.Duration(i) * 100 * time.Millisecond), Class: report.ExitSignal, Exit: "killed by SIGKILL"}, 0.5)
	}
}
