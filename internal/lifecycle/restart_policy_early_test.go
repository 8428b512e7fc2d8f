package lifecycle

import (
	"reflect"
	"testing"
	"time"

	"initiator/internal/plan"
)

// TestEarlyDeathsAreFailedStarts: supervisord repeats a start that has not
// lasted for startsecs, whatever the exit code and autorestart, and gives up
// after startretries.
func TestEarlyDeathsAreFailedStarts(t *testing.T) {
	now := time.Now()
	for _, auto := range []string{"unexpected", "false", "true"} {
		policy := plan.Restart{Auto: auto, ExitCodes: []int{0}, Delay: time.Second, DelayMax: time.Minute, Factor: 2, Retries: 4, Reset: time.Millisecond, RetryEarly: true}
		early := deathFacts{At: now, Class: ExitClean, EarlyDeath: true, Exit: "exit code 0"}
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
		if want := []time.Duration{0, time.Second, 2 * time.Second}; !reflect.DeepEqual(delays, want) {
			t.Errorf("delays %v, want %v", delays, want)
		}
		if _, v := decideRestart(policy, history, early, 0); v.Choice != giveUpRestarts || v.Rule != "startretries = 4" {
			t.Errorf("autorestart = %s: %+v", auto, v)
		}
	}
	policy := plan.Restart{Auto: "unexpected", RetryEarly: true}
	if _, v := decideRestart(policy, DeathHistory{}, deathFacts{At: now, Class: ExitClean, Exit: "exit code 0"}, 0); v.Choice != stayExited {
		t.Errorf("a clean end after a good start: %+v", v)
	}
}
