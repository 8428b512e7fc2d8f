package initiator_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// fillFileSystem writes to a file system until it has no room left. The returned
// function makes room again.
func fillFileSystem(t *testing.T, dir string) (room func()) {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(page)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() { _ = os.Remove(path) } // a test that needs it fails without
}

// Kept workers are found again although the disk was full when their initiator was
// killed and when the next initiator started.
func TestFullDisk(t *testing.T) {
	d := newRestartHarness(t, quietINI)
	if err := os.Mkdir(d.state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", d.state, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("a small file system of its own cannot be mounted here: %v (as root it can)", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(d.state, syscall.MNT_DETACH) })
	d.startReady()
	before := d.listWorkers()
	room := fillFileSystem(t, d.state)
	d.killProgram()
	d.startReady()
	d.expectSameWorkers(before)
	room()
	d.killProgram()
	d.startReady()
	d.expectSameWorkers(before)
	d.stopProgram()
}
