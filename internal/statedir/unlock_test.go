package statedir

import (
	"testing"

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
