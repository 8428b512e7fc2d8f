package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"initiator/internal/atomicfile"
	"initiator/internal/webhook"
)

// Dir is the state directory of one running initiator. Open makes it.
type Dir struct {
	path    string
	version string // of the program, for the files that it writes
	lock    *os.File
	passed  bool // PassLock was called
}

// LockPath is the path of the lock inside a state directory.
func LockPath(dir string) string { return filepath.Join(dir, "lock") }

// TokenPath is the path of the API's token inside a state directory.
func TokenPath(dir string) string { return filepath.Join(dir, "token") }

// Open makes the directory where it does not exist, and takes its lock. The
// kernel holds the lock and releases it when the process ends, however that
// happens. Inherited is the lock that an earlier program of this process has
// passed on; nil means that there is none. Version is the version of this
// program, which is noted in every file that it writes.
func Open(path, version string, inherited *os.File) (*Dir, error) {
	if inherited != nil {
		if err := writePID(inherited); err != nil { // after a crash the fallback process is another process
			return nil, fmt.Errorf("write the lock: %w", err)
		}
		return &Dir{path: path, version: version, lock: inherited}, nil
	}
	d, err := lockDirectory(path, version)
	if err != nil {
		return nil, err
	}
	if err := checkRestoring(path); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// lockDirectory makes the directory where it does not exist, and takes its lock.
func lockDirectory(path, version string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the state directory: %w; set state_dir in [initiator] to a place that can be written", err)
	}
	lock, err := os.OpenFile(LockPath(path), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the state directory: %w; set state_dir in [initiator] to a place that can be written", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer func() { _ = lock.Close() }() // nothing was written
		return nil, fmt.Errorf("state directory %s is in use by another initiator%s: `initiator status` shows it; stop it, or set another state_dir", path, describeHolder(lock))
	}
	if err := writePID(lock); err != nil {
		_ = lock.Close() // the error to report is the one above
		return nil, fmt.Errorf("write the lock: %w", err)
	}
	return &Dir{path: path, version: version, lock: lock}, nil
}

// writePID notes this process in the lock, for the error of a later Open.
func writePID(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// describeHolder names the process that holds a lock; "" when it is unknown.
func describeHolder(lock *os.File) string {
	b := make([]byte, 20)
	n, _ := lock.ReadAt(b, 0)
	if pid := strings.TrimSpace(string(b[:n])); pid != "" {
		return " (pid " + pid + ")"
	}
	return ""
}

// Path is the directory's path, as Open got it.
func (d *Dir) Path() string { return d.path }

// PassLock returns the file that holds the lock, for the next program of this
// process. From then on Close leaves the lock to the copies of its descriptor.
func (d *Dir) PassLock() *os.File {
	d.passed = true
	return d.lock
}

// Close releases the lock. A child process that has a copy of the descriptor
// between fork and exec does not keep it.
func (d *Dir) Close() {
	if !d.passed {
		_ = unix.Flock(int(d.lock.Fd()), unix.LOCK_UN) // closing is the fallback
	}
	_ = d.lock.Close() // nothing is left to write
}

// LoadToken returns the secret that opens the API on TCP. It is made once and
// stays, so that the copy that a client keeps is valid after a restart.
func (d *Dir) LoadToken() (string, error) {
	path := TokenPath(d.path)
	b, err := os.ReadFile(path)
	if token := strings.TrimSpace(string(b)); err == nil && len(token) >= 32 {
		return token, os.Chmod(path, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the API's token: %w", err)
	}
	return d.RotateToken()
}

// RotateToken stores a new token and returns it. A reader of the file finds the old
// token or the new one.
func (d *Dir) RotateToken() (string, error) {
	token := webhook.NewToken()
	if err := atomicfile.Replace(TokenPath(d.path), []byte(token+"\n")); err != nil {
		return "", fmt.Errorf("store the API's token: %w", err)
	}
	return token, nil
}
