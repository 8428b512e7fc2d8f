package initiator_test

import (
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/internal/statedir"
)

// After SIGKILL of the initiator the file has the workers that ran, and no number of an
// event is used twice.
func TestLastKnownStateAfterCrash(t *testing.T) {
	d := newRestartHarness(t, adder)
	d.startReady()
	// The file is written a moment after "ready". After the kill it may be older
	// than the last change, but neither torn nor ended.
	var seen statedir.LastKnownState
	await(t, "the state file to show both workers ready", func() bool {
		var err error
		seen, err = statedir.ReadLastKnownState(d.state)
		return err == nil && len(seen.Workers) == 2 && seen.Workers[0].Ready && seen.Workers[1].Ready
	})
	pid := d.cmd.Process.Pid
	d.killProgram()
	waitNoProcess(t, d.mark)
	seen, err := statedir.ReadLastKnownState(d.state)
	if err != nil || seen.Ended || seen.PID != pid {
		t.Fatalf("%+v, %v", seen, err)
	}
	for i, w := range seen.Workers {
		if w.State != report.Running || w.PID == 0 || w.Port == 0 || w.Index != i || w.Started.IsZero() {
			t.Errorf("%+v", w)
		}
	}
	in := initiatortest.Start(t, d.ini, initiatortest.StateDir(d.state))
	if got := firstEvent(in); got <= seen.Seq {
		t.Errorf("events go on with %d after %d", got, seen.Seq)
	}
}
