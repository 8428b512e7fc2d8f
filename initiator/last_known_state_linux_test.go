package initiator_test

import (
	"path/filepath"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/internal/lifecycle"
	"initiator/internal/statedir"
)

// TestWhatWasBeforeTheCrash: SIGKILL of the initiator leaves the file with what
// ran, and no number of an event comes twice.
func TestWhatWasBeforeTheCrash(t *testing.T) {
	cmd, mark := up(t, adder)
	state := cmd.Args[3]
	// The file is written a moment after "ready": the last word of the run
	// before it was killed may be older, but not torn and not ended.
	var seen statedir.LastKnownState
	await(t, "the state file to show both workers ready", func() bool {
		var err error
		seen, err = statedir.ReadLastKnownState(state)
		return err == nil && len(seen.Workers) == 2 && seen.Workers[0].Ready && seen.Workers[1].Ready
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	gone(t, mark)
	seen, err := statedir.ReadLastKnownState(state)
	if err != nil || seen.Ended || seen.PID != cmd.Process.Pid {
		t.Fatalf("%+v, %v", seen, err)
	}
	for i, w := range seen.Workers {
		if w.State != lifecycle.Running || w.PID == 0 || w.Port == 0 || w.Index != i || w.Started.IsZero() {
			t.Errorf("%+v", w)
		}
	}
	in := initiatortest.Start(t, filepath.Join(filepath.Dir(state), "initiator.ini"), initiatortest.StateDir(state))
	if got := firstEvent(in); got <= seen.Seq {
		t.Errorf("events go on with %d after %d", got, seen.Seq)
	}
}
