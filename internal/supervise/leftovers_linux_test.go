package supervise

import (
	"os/exec"
	"syscall"
	"testing"
)

// TestSweepSparesOthers: a process below the living keeper of another initiator
// with the same GUID is not ended.
func TestSweepSparesOthers(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "wait", plain)))
	s.ready("w", 1)
	w := s.one("w")
	leftover := exec.Command("sleep", "1000")
	leftover.Env = []string{"INITIATOR_GUID=" + w.GUID}
	if err := leftover.Start(); err != nil {
		t.Fatal(err)
	}
	if ended := KillLeftovers(Leftovers{GUIDs: []string{w.GUID}}); len(ended) != 1 {
		t.Errorf("ended %q, want the one that no keeper has", ended)
	}
	_ = leftover.Process.Signal(syscall.SIGKILL)
	_ = leftover.Wait()
	if now := s.one("w"); now.Incarnation != 1 || !alive(w.PID) {
		t.Errorf("%+v", now)
	}
}
