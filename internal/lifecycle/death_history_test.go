package lifecycle

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// TestErrorsThatWaitingDoesNotHeal: the third such error in a row makes a worker
// FATAL; any other error of a spawn is tried again for ever. A startretries in
// the INI takes precedence.
func TestErrorsThatWaitingDoesNotHeal(t *testing.T) {
	const forEver = 200
	spawn := func(errno string) deathFacts {
		return deathFacts{Class: report.ExitSpawnError, EarlyDeath: true, Exit: "spawn error: " + errno, Lasting: IsLastingErrno(errno)}
	}
	for errno, want := range map[string]int{
		"ENOENT": 3, "EACCES": 3, "ENOEXEC": 3, "ENOTDIR": 3, "EPERM": 3,
		"EAGAIN": forEver, "EMFILE": forEver, "ENFILE": forEver, "ENOMEM": forEver, "ETXTBSY": forEver, "EIO": forEver, "": forEver,
	} {
		if got := triesOf(defaults(), spawn(errno), forEver); got != want {
			t.Errorf("%s: given up at try %d, want %d", errno, got, want)
		}
	}
	policy := defaults()
	policy.Retries = 5
	if got := triesOf(policy, spawn("ENOENT"), forEver); got != 5 {
		t.Errorf("startretries = 5: given up at try %d", got)
	}
	var history DeathHistory
	for i, errno := range []string{"ENOENT", "ENOENT", "EAGAIN", "ENOENT", "ENOENT", "ENOENT"} {
		var v RestartDecision
		history, v = decideRestart(defaults(), history, spawn(errno), 0.5)
		if gaveUp := v.Choice == giveUpRestarts; gaveUp != (i == 5) {
			t.Errorf("error %d: %s", i+1, v.Reason)
		}
		if i == 5 && !strings.Contains(v.Reason, "given up: 3 failed starts in a row (waiting does not heal this error)") {
			t.Error(v.Reason)
		}
	}
}

// triesOf returns the number of deaths after which the policy gives up, at most
// most.
func triesOf(policy plan.Restart, death deathFacts, most int) int {
	var history DeathHistory
	death.At = time.Now()
	for n := 1; n < most; n++ {
		var v RestartDecision
		if history, v = decideRestart(policy, history, death, 0.5); v.Choice != restartAgain {
			return n
		}
		death.At = v.Next
	}
	return most
}

// TestTheLossOfTheKeeperCountsForNothing: no limit counts it.
func TestTheLossOfTheKeeperCountsForNothing(t *testing.T) {
	policy := withLimit(2)
	policy.Retries = 2
	lost := deathFacts{At: time.Now(), Class: report.ExitKeeperLost, EarlyDeath: true, Exit: "killed by SIGKILL: keeper lost"}
	var history DeathHistory
	for i := range 100 {
		var v RestartDecision
		if history, v = decideRestart(policy, history, lost, 0.5); v.Choice != restartAgain {
			t.Fatalf("loss %d: %s", i+1, v.Reason)
		}
	}
	if history.InARow != 0 {
		t.Errorf("%d deaths in a row", history.InARow)
	}
	one := deathFacts{At: lost.At, Class: report.ExitNonzero, Exit: "exit code 1"}
	if _, v := decideRestart(policy, history, one, 0.5); v.Choice != restartAgain {
		t.Errorf("the first death after the losses: %s", v.Reason)
	}
}

// TestDeathsInARow: a worker that was up for longer than any delay was healthy,
// and its death begins a new row.
func TestDeathsInARow(t *testing.T) {
	now := time.Now()
	early := deathFacts{At: now, Class: report.ExitNonzero, EarlyDeath: true, Lived: time.Hour}
	late := func(lived time.Duration) deathFacts {
		return deathFacts{At: now, Class: report.ExitSignal, Lived: lived}
	}
	port := deathFacts{At: now, Class: report.ExitPortTaken, EarlyDeath: true}
	var history DeathHistory
	for i, c := range []struct {
		death deathFacts
		want  int
	}{
		{early, 1},
		{early, 2},
		{late(time.Second), 3},
		{port, 3},
		{late(59 * time.Second), 4},
		{late(time.Minute), 1},
		{early, 2},
	} {
		history = history.withDeath(c.death, defaults())
		if history.InARow != c.want {
			t.Errorf("death %d: %d in a row, want %d", i+1, history.InARow, c.want)
		}
	}
}

// TestPortsAreTriedAtOnceTenTimes: a worker that finds no free port for ever does
// not spin.
func TestPortsAreTriedAtOnceTenTimes(t *testing.T) {
	var history DeathHistory
	taken := deathFacts{Class: report.ExitPortTaken, EarlyDeath: true, Exit: "exit code 98"}
	for i := 1; i <= 14; i++ {
		var v RestartDecision
		history, v = decideRestart(defaults(), history, taken, 0.5)
		if (v.Delay == 0) != (i <= portsAtOnce+1) {
			t.Errorf("death %d: %s", i, v.Delay)
		}
	}
	if history.InARow == 0 {
		t.Error("it does not count as failing")
	}
}

// TestALaunchedWorkerMayEnd: the assumed autorestart of a pool does not hold for
// a worker that a request has launched; a written autorestart does.
func TestALaunchedWorkerMayEnd(t *testing.T) {
	for _, c := range []struct {
		launched, assumed bool
		want              Phase
	}{{false, true, PhaseWaiting}, {true, true, PhaseExited}, {true, false, PhaseWaiting}} {
		r := inPhase(PhaseReady, time.Now())
		r.Launched = c.launched
		r.Spec.Restart.Auto, r.Spec.Restart.AutoAssumed = "true", c.assumed
		r, _, _ = Next(r, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean}, EmptyProven: true}, time.Now())
		if r.Phase != c.want {
			t.Errorf("launched %t, assumed %t: %s, %s; want %s", c.launched, c.assumed, r.Phase, r.Reason, c.want)
		}
	}
}
