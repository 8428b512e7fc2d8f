package initiator_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// fill writes to a file system until it has no room left, and returns how to
// make room again.
func fill(t *testing.T, dir string) (room func()) {
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

// TestFullDisk: workers that are kept are found again although nothing could be
// written when their initiator was killed, nor when the next one came.
func TestFullDisk(t *testing.T) {
	d := newDynasty(t, silent)
	if err := os.Mkdir(d.state, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", d.state, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("a small file system of its own cannot be mounted here: %v (as root it can)", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(d.state, syscall.MNT_DETACH) })
	d.up()
	before := d.workers()
	room := fill(t, d.state)
	d.kill()
	d.up()
	d.same(before)
	room()
	d.kill()
	d.up()
	d.same(before)
	d.end()
}
