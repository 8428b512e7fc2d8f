package supervise

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/keeper/keepertest"
	"initiator/internal/plan"
)

// written is a worker that has written a line to a file of its own.
func written(dir string) plan.Spec {
	return spec("writes", "line", plain, func(sp *plan.Spec) {
		sp.Ready = plan.Ready{Kind: "line", Pattern: "up$"}
		sp.Replicas, sp.Stdout.Path = 2, filepath.Join(dir, "{index}.log")
	})
}

// written waits until both files have a line.
func (s *stage) written() {
	s.t.Helper()
	for !s.Workers()[0].Ready || !s.Workers()[1].Ready {
		s.next()
	}
}

// TestClear: the files of the named workers are empty, of running and of
// stopped workers, and no other file is.
func TestClear(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, planOf(written(dir), spec("silent", "wait", plain)))
	s.written()
	first := s.Workers()[0]
	if _, err := s.Stop(t.Context(), first.GUID); err != nil {
		t.Fatal(err)
	}
	results, err := s.ClearLogs(t.Context(), first.GUID, "silent")
	if err != nil || len(results) != 2 || results[0].Error+results[1].Error != "" {
		t.Errorf("%+v, %v", results, err)
	}
	if left, _ := filepath.Glob(dir + "/*"); len(left) != 1 || !strings.HasSuffix(left[0], "1.log") {
		t.Errorf("left: %q", left)
	}
	if results, err = s.ClearLogs(t.Context(), "all"); err != nil || len(results) != 3 {
		t.Errorf("%+v, %v", results, err)
	}
	if left, _ := filepath.Glob(dir + "/*"); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
	if _, err := s.ClearLogs(t.Context(), "nobody"); err == nil {
		t.Error("nobody was cleared")
	}
}

// TestClearWithoutAKeeper: the keeper dies before it answers.
func TestClearWithoutAKeeper(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, planOf(written(dir)))
	s.written()
	keepertest.SuspendProcess(t, s.keeper.PID())
	answer := make(chan []report.Result, 1)
	go func() {
		results, err := s.ClearLogs(t.Context(), "all")
		if err != nil {
			t.Error(err)
		}
		answer <- results
	}()
	for pending := 0; pending == 0; {
		if err := s.askLoop(t.Context(), func(l *loop) error { pending = len(l.pendingClears); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for _, r := range <-answer {
		if r.Error != errKeeperLost.Error() {
			t.Errorf("%+v", r)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "0.log")); errors.Is(err, os.ErrNotExist) {
		t.Error("its log is gone")
	}
}
