package testdisk

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// Disk is an ext4 file system in a file, mounted at Dir. Its methods may be
// called by any goroutine.
type Disk struct {
	Dir string

	mu      sync.Mutex
	freezer *exec.Cmd // not nil while the disk hangs
	letGo   io.Closer
}

// Make mounts a file system of size bytes at dir, which it makes. The error says
// which means is missing on this machine. The cleanup of t unmounts it.
func Make(t testing.TB, dir string, size int64) (*Disk, error) {
	t.Helper()
	image := filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(image, nil, 0o600), os.Truncate(image, size)); err != nil {
		return nil, err
	}
	for _, argv := range [][]string{
		{"fsfreeze", "--version"},
		{"mkfs.ext4", "-q", "-m", "0", image},
		{"mount", "-o", "loop", image, dir}, // last: a mount that is made is unmounted
	} {
		if out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("no disk that fills and hangs can be made here: %q: %w: %s", argv, err, out)
		}
	}
	d := &Disk{Dir: dir}
	t.Cleanup(func() {
		d.Release()
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return d, os.Chmod(dir, 0o700)
}

// Need is Make for a test that is skipped where there is no such disk.
func Need(t testing.TB, dir string, size int64) *Disk {
	t.Helper()
	d, err := Make(t, dir, size)
	if err != nil {
		t.Skip(err)
	}
	return d
}

// Hang makes every change of the file system wait, uninterruptibly, until
// Release is called. A process of its own holds it, so that the disk does not
// hang for ever when the test is killed.
func (d *Disk) Hang() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.freezer != nil {
		return nil
	}
	cmd := exec.Command("sh", "-c", `fsfreeze -f "$0" && echo frozen && read line; fsfreeze -u "$0"`, d.Dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "frozen\n" {
		return fmt.Errorf("freeze %s: %w", d.Dir, cmd.Wait())
	}
	d.freezer, d.letGo = cmd, in
	return nil
}

// Hangs reports whether the disk hangs.
func (d *Disk) Hangs() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.freezer != nil
}

// Release ends what Hang has begun.
func (d *Disk) Release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.freezer != nil {
		_ = d.letGo.Close()
		_ = d.freezer.Wait() // fsfreeze writes its error
		d.freezer = nil
	}
}

// Fill writes until no room is left. It does nothing while the disk hangs. The
// file that takes the room is removed by Empty.
func (d *Disk) Fill() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.freezer != nil {
		return nil
	}
	f, err := os.OpenFile(d.ballast(), os.O_WRONLY|os.O_CREATE, 0o600)
	if errors.Is(err, syscall.ENOSPC) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	for at, size := int64(0), int64(1<<20); size >= 1024; {
		switch err := syscall.Fallocate(int(f.Fd()), 0, at, size); {
		case err == nil:
			at += size
		case errors.Is(err, syscall.ENOSPC):
			size /= 2
		case !errors.Is(err, syscall.EINTR):
			return err
		}
	}
	return nil
}

// Empty makes room again, once the disk does not hang.
func (d *Disk) Empty() error {
	if err := os.Remove(d.ballast()); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (d *Disk) ballast() string { return filepath.Join(d.Dir, "ballast") }
