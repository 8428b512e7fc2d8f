package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/testlength"
)

// stoppedPools are exec workers in both modes. Their programs get SIGTERM while
// they wait, three times; they end by the signal itself, with an error, or well
// and with half of a result. Each touches the file POOL.N in its Nth attempt.
const stoppedPools = `
[DEFAULT]
drain        = 200ms
stopwaitsecs = 20
retry_delay  = 0
attempts     = 1

[worker:dies]
exec = sh -c 'touch DIR/dies.$$INITIATOR_ATTEMPT; WAIT $$INITIATOR_ATTEMPT'

[worker:fails]
exec = sh -c 'trap "exit 1" TERM; touch DIR/fails.$$INITIATOR_ATTEMPT; WAIT $$INITIATOR_ATTEMPT'

[worker:succeeds]
exec = sh -c 'trap "echo half; exit" TERM; touch DIR/succeeds.$$INITIATOR_ATTEMPT; WAIT $$INITIATOR_ATTEMPT'

[worker:answers]
exec      = sh -c 'trap "echo half; exit" TERM; while read -r line; do n=$$(ls DIR | grep -c answers); n=$$((n+1)); touch DIR/answers.$$n; WAIT $$n; done'
exec_mode = lines
`

// waitScript waits for ever in the first three attempts, and answers in the
// fourth.
const waitScript = `w() { [ $$1 = 4 ] || while :; do sleep 0.1; done; echo whole; }; w`

// TestExecStopCostsNoAttempt: a restart, a stop and a shutdown end the programs of
// tasks after drain. The tasks are given back and not charged, and what the
// programs do about the signal is no result.
func TestExecStopCostsNoAttempt(t *testing.T) {
	t.Parallel()
	dir, state := t.TempDir(), t.TempDir()
	ini := strings.NewReplacer("DIR", dir, "WAIT", waitScript).Replace(stoppedPools)
	pools := []string{"dies", "fails", "succeeds", "answers"}
	in := initiatortest.StartText(t, ini, initiatortest.StateDir(state), initiatortest.Configure(mortal))
	ids := map[string]uuid.UUID{}
	for _, pool := range pools {
		got, err := in.Client().Submit(t.Context(), task.Request{Pool: pool})
		if err != nil {
			t.Fatal(err)
		}
		ids[pool] = got.ID
	}
	waitForAttempt := func(n int) {
		t.Helper()
		for _, pool := range pools {
			awaitFile(t, filepath.Join(dir, fmt.Sprintf("%s.%d", pool, n)))
		}
	}
	waitForAttempt(1)
	if _, err := in.Client().Restart(t.Context(), pools...); err != nil {
		t.Fatal(err)
	}
	waitForAttempt(2)
	if _, err := in.Client().Stop(t.Context(), pools...); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Client().Start(t.Context(), pools...); err != nil {
		t.Fatal(err)
	}
	waitForAttempt(3)
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	in = initiatortest.StartText(t, ini, initiatortest.StateDir(state), initiatortest.Configure(mortal))
	for _, pool := range pools {
		got, err := in.Client().Wait(t.Context(), ids[pool])
		if err != nil {
			t.Fatal(err)
		}
		var outcomes []task.Outcome
		for _, h := range got.History {
			outcomes = append(outcomes, h.Outcome)
		}
		if want := "[released released released completed]"; fmt.Sprint(outcomes) != want || string(got.Result) != `"whole"` {
			t.Errorf("%s: %v, want %s; %s, %s", pool, outcomes, want, got.Reason, got.Result)
		}
	}
}

// mortal ends all workers with the initiator.
func mortal(c *initiator.Config) { c.Mortal = true }

// awaitFile waits until a file exists.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(testlength.Patience); time.Now().Before(end); <-tick.C {
		if _, err := os.Stat(path); err == nil {
			return
		}
	}
	t.Fatalf("%s was never made", path)
}
