package statedir

import (
	"os/exec"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestCloseReleasesTheLockOfCopies holds a copy of the lock's descriptor, as a
// child does between fork and exec: the directory is free all the same.
func TestCloseReleasesTheLockOfCopies(t *testing.T) {
	path := t.TempDir()
	first, err := Open(path, Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	child, err := unix.Dup(int(first.lock.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(child)
	first.Close()
	second, err := Open(path, Options{Version: "test"})
	if err != nil {
		t.Fatalf("open the directory after Close: %v", err)
	}
	second.Close()
}

// TestOpenWaitsForTheLockOfAKilledInitiator holds the lock for a process that has
// ended, as a child of a killed initiator does between fork and exec.
func TestOpenWaitsForTheLockOfAKilledInitiator(t *testing.T) {
	path := t.TempDir()
	first, err := Open(path, Options{Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	killed := exec.Command("true")
	if err := killed.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := first.lock.WriteAt([]byte(strconv.Itoa(killed.Process.Pid)+"\n      "), 0); err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(100*time.Millisecond, first.Close).Stop()
	second, err := Open(path, Options{Version: "test"})
	if err != nil {
		t.Fatalf("open the directory while the lock is held: %v", err)
	}
	second.Close()
}
