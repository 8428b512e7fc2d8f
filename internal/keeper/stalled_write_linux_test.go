package keeper

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/testdisk"
)

// TestWriteStalls: while the write of one log hangs, deaths of other workers are
// seen, logs of other directories are written, and the worker of that log can be
// stopped. It is TestLogDiskHangs for machines on which no disk can hang.
func TestWriteStalls(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	logged := filepath.Join(dir, "out.log")
	s := orderCommand("hung", "sh", "-c", "while echo line; do sleep 0.01; done")
	s.Stdout.Path = logged
	hung := h.spawnWorker(s)
	h.awaitLine("hung", "line")
	other := h.spawnWorker(orderAct("other", "sleep"))
	stall := testdisk.StallWrite(t, h.PID(), logged)
	<-stall.Begun
	size := fileSize(t, logged)
	if err := syscall.Kill(other.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if e := h.awaitKind("other", KindExited); e.Signal != int(syscall.SIGKILL) {
		t.Errorf("the other worker ended with %+v", e)
	}
	if got := h.runToEnd(orderAct("next", "print", "word"), filepath.Join(t.TempDir(), "out.log")); got != "word" {
		t.Errorf("the log elsewhere is %q", got)
	}
	h.endWorker("hung", syscall.SIGTERM, deadline)
	checkGone(t, hung.PID)
	if now := fileSize(t, logged); now != size {
		t.Errorf("the log had %d bytes when its write hung, and has %d", size, now)
	}
	stall.Release()
	for n := 0; !strings.HasSuffix(h.runToEnd(orderAct("after", "print", "at last"), logged), "at last"); n++ {
		if t.Context().Err() != nil || n > 1000 {
			t.Fatal("the log is not written again")
		}
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
