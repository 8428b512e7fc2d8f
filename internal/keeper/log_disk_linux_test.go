package keeper

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/testdisk"
)

const testDiskSize = 16 << 20

// TestLogDiskHangs: a disk that hangs costs the lines of its own logs. The
// keeper goes on, and so do the other workers, and also the worker whose log it
// is.
func TestLogDiskHangs(t *testing.T) {
	t.Parallel()
	disk := testdisk.Need(t, filepath.Join(t.TempDir(), "disk"), testDiskSize)
	h := newTestKeeper(t)
	before := orderAct("before", "print", "word")
	logged := filepath.Join(disk.Dir, "out.log")
	h.runToEnd(before, logged)
	if err := disk.Hang(); err != nil {
		t.Fatal(err)
	}
	hung := orderAct("hung", "flood", "100") // 6 MB
	hung.Stdout.Path = logged
	if err := h.Spawn(hung); err != nil {
		t.Fatal(err)
	}
	h.awaitKind("hung", KindExited)
	elsewhere := filepath.Join(t.TempDir(), "out.log")
	if got := h.runToEnd(orderAct("other", "print", "word"), elsewhere); got != "word" {
		t.Errorf("the log on a good disk is %q", got)
	}
	if e := h.clearLog("hung", logged); !strings.Contains(e.Error, "does not answer") {
		t.Errorf("cleared with %q", e.Error)
	}
	var warnings []string
	for _, e := range h.seen {
		if e.Kind == KindWarning {
			warnings = append(warnings, e.Error)
		}
	}
	if len(warnings) != 1 || !strings.Contains(warnings[0], "its disk has taken nothing for 5s") {
		t.Errorf("warnings: %q", warnings)
	}
	disk.Release()
	h.awaitEvent("the report that the log is written again", func(e Event) bool { return e.GUID == "hung" && e.LogWorks })
	for n := 0; !strings.HasSuffix(h.runToEnd(orderAct("after", "print", "at last"), logged), "at last"); n++ {
		if t.Context().Err() != nil || n > 10_000 {
			t.Fatal("the log is not written again")
		}
	}
	if got := read(t, logged); !strings.HasPrefix(got, "word\nxxx") {
		t.Errorf("the log begins %q", got[:min(len(got), 20)])
	}
}

// TestKeeperEndsWhileLogDiskHangs: neither an end in order nor a kill of the
// keeper waits for a disk.
func TestKeeperEndsWhileLogDiskHangs(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Keeper) error{
		"closed": (*Keeper).Close,
		"killed": func(k *Keeper) error { return syscall.Kill(k.PID(), syscall.SIGKILL) },
	} {
		t.Run(name, func(t *testing.T) {
			disk := testdisk.Need(t, filepath.Join(t.TempDir(), "disk"), testDiskSize)
			k, err := Launch(Options{})
			if err != nil {
				t.Fatal(err)
			}
			h := &testKeeper{t: t, Keeper: k}
			if err := disk.Hang(); err != nil {
				t.Fatal(err)
			}
			s := orderCommand("w", "sh", "-c", "echo up; echo up >&2; exec sleep 1000")
			s.Stdout.Path = filepath.Join(disk.Dir, "out.log")
			if err := h.WatchOutput("w", true); err != nil {
				t.Fatal(err)
			}
			e := h.spawnWorker(s)
			h.awaitLine("w", "up")
			if err := end(k); err != nil {
				t.Log(err)
			}
			h.awaitEvent("the end of the keeper", func(e Event) bool { return e.Kind == KindLost })
			for alive(e.PID) && t.Context().Err() == nil { // the kernel may need a moment
			}
			checkGone(t, e.PID)
			disk.Release()
		})
	}
}
