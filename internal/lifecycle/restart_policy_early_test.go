package lifecycle

import (
	"reflect"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// TestEarlyDeathsAreFailedStarts: supervisord repeats a start that has not
// lasted for startsecs, whatever the exit code and autorestart, after 1, 2, 3 s,
// and gives up after startretries.
func TestEarlyDeathsAreFailedStarts(t *testing.T) {
	now := time.Now()
	for _, auto := range []string{"unexpected", "false", "true"} {
		policy := plan.Restart{Auto: auto, ExitCodes: []int{0}, Delay: time.Second, DelayMax: 0, Factor: 2, Retries: 4, Reset: time.Millisecond, RetryEarly: true}
		early := deathFacts{At: now, Class: report.ExitClean, EarlyDeath: true, Exit: "exit code 0"}
		var history DeathHistory
		var delays []time.Duration
		for range 3 {
			var v RestartDecision
			history, v = decideRestart(policy, history, early, 0)
			if v.Choice != restartAgain {
				t.Fatalf("autorestart = %s: %+v", auto, v)
			}
			delays = append(delays, v.Delay)
		}
		if want := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}; !reflect.DeepEqual(delays, want) {
			t.Errorf("delays %v, want %v", delays, want)
		}
		if _, v := decideRestart(policy, history, early, 0); v.Choice != giveUpRestarts || v.Rule != "startretries = 4" {
			t.Errorf("autorestart = %s: %+v", auto, v)
		}
	}
	policy := plan.Restart{Auto: "unexpected", RetryEarly: true}
	if _, v := decideRestart(policy, DeathHistory{}, deathFacts{At: now, Class: report.ExitClean, Exit: "exit code 0"}, 0); v.Choice != stayExited {
		t.Errorf("a clean end after a good start: %+v", v)
	}
}

// TestDelaysOfSupervisord: a program that has run for startsecs is started again
// at once, and not more often than once a second with startsecs = 0. Only the
// failed starts in a row count.
func TestDelaysOfSupervisord(t *testing.T) {
	policy := plan.Restart{Auto: "true", Delay: time.Second, Factor: 2, Retries: 101, Reset: time.Millisecond, RetryEarly: true}
	early := deathFacts{Class: report.ExitNonzero, EarlyDeath: true}
	late := func(lived time.Duration) deathFacts { return deathFacts{Class: report.ExitNonzero, Lived: lived} }
	var history DeathHistory
	for i, c := range []struct {
		death deathFacts
		want  time.Duration
	}{
		{late(time.Hour), 0},
		{late(1100 * time.Millisecond), 0},
		{late(200 * time.Millisecond), 800 * time.Millisecond},
		{early, time.Second},
		{early, 2 * time.Second},
		{late(time.Minute), 0},
		{early, time.Second},
		{deathFacts{Class: report.ExitSpawnError, EarlyDeath: true, Lasting: true}, 2 * time.Second},
		{deathFacts{Class: report.ExitSpawnError, EarlyDeath: true, Lasting: true}, 3 * time.Second},
		{deathFacts{Class: report.ExitSpawnError, EarlyDeath: true, Lasting: true}, 4 * time.Second},
		{deathFacts{Class: report.ExitKeeperLost, EarlyDeath: true}, 4 * time.Second},
		{early, 5 * time.Second},
	} {
		var v RestartDecision
		history, v = decideRestart(policy, history, c.death, 0.5)
		if v.Choice != restartAgain || v.Delay != c.want {
			t.Errorf("death %d: choice %d after %s, want %s", i+1, v.Choice, v.Delay, c.want)
		}
	}
	history.EarlyInARow = 98
	if _, v := decideRestart(policy, history, early, 0); v.Delay != 99*time.Second {
		t.Errorf("after 99 failed starts: %s", v.Delay)
	}
}
