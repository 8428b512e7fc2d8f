package statedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

const lockName = "lock"

// StillRunsError says that the initiator of a state directory still runs, and that
// its directory has been removed or replaced.
type StillRunsError struct {
	Path string
	PID  int // of that initiator
}

// Error names the process, and says how to stop it.
func (e *StillRunsError) Error() string {
	return fmt.Sprintf("an initiator (pid %d) still runs for the state directory %s, which was removed or replaced while it ran: its workers run on. Save its tasks with `initiator task export FILE`, stop it with `initiator shutdown` or `kill %d`, and then start again", e.PID, e.Path, e.PID)
}

// ErrInUse is what every InUseError is.
var ErrInUse = errors.New("the state directory is in use")

// InUseError says that an initiator runs for a state directory.
type InUseError struct {
	Path   string
	holder string // see describeHolder
}

// Is reports whether target is ErrInUse.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }

// Error names the process, and says what to do.
func (e *InUseError) Error() string {
	return fmt.Sprintf("state directory %s is in use by another initiator%s: `initiator status` shows it; stop it, or set another state_dir", e.Path, e.holder)
}

// takeLock takes the lock in the directory. Without a lock file it makes one.
func (d *Dir) takeLock() error {
	lock, err := d.openLock()
	if err != nil {
		return fmt.Errorf("lock the state directory: %w; set state_dir in [initiator] to a place that can be written", err)
	}
	if err := awaitLock(lock); err != nil {
		defer func() { _ = lock.Close() }() // nothing was written
		return &InUseError{d.path, describeHolder(lock)}
	}
	writePID(lock)
	d.lock = lock
	return nil
}

const (
	// lockPatience is how long a start waits for the lock of an initiator that was
	// killed: a process that it was starting has a copy of the lock until its exec.
	lockPatience = 2 * time.Second
	lockPause    = 10 * time.Millisecond
)

// awaitLock takes the lock of an open lock file. It waits only for a holder that
// has ended.
func awaitLock(lock *os.File) error {
	for limit := time.Now().Add(lockPatience); ; time.Sleep(lockPause) {
		err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil || !hasEnded(readPID(lock)) || time.Now().After(limit) {
			return err
		}
	}
}

// hasEnded reports whether a process is known to have ended; 0 = none is known.
func hasEnded(pid int) bool {
	if pid <= 0 {
		return false
	}
	p, ok := procfs.ReadStat(pid)
	return ok && p.Ended || errors.Is(unix.Kill(pid, 0), unix.ESRCH)
}

// openLock opens the lock file, and makes it where there is none. It follows no link.
func (d *Dir) openLock() (*os.File, error) {
	lock, err := d.root.OpenFile(lockName, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return lock, d.chownNew(lock)
	}
	if !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return d.openRegular(lockName, os.O_RDWR)
}

// isLocked reports whether a process holds the lock of the directory at path.
func isLocked(path string) bool {
	lock, err := os.OpenFile(LockPath(path), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer func() { _ = lock.Close() }() // it was only read
	return errors.Is(unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// restoreLock takes a new lock when the lock file was removed or replaced: a second
// initiator would find no lock. It reports whether it did.
func (d *Dir) restoreLock() (restored bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed {
		return false, nil
	}
	own, err := d.lock.Stat()
	if err != nil {
		return false, err
	}
	at, err := d.root.Lstat(lockName)
	if err == nil && os.SameFile(own, at) || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	old := d.lock
	if err := d.takeLock(); err != nil {
		return false, err
	}
	_ = old.Close() // nothing is left to write
	return true, nil
}

// writePID notes this process in the lock, for the error of a later Open. On a full
// disk the lock says nothing of its holder.
func writePID(lock *os.File) {
	if lock.Truncate(0) == nil {
		_, _ = lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // only for a message
	}
}

// describeHolder names the process that holds a lock; "" when it is unknown.
func describeHolder(lock *os.File) string {
	if pid := readPID(lock); pid > 0 {
		return fmt.Sprintf(" (pid %d)", pid)
	}
	return ""
}

// readPID returns the process that a lock names; 0 when it names none.
func readPID(lock *os.File) int {
	b := make([]byte, 20)
	n, _ := lock.ReadAt(b, 0)
	pid, _ := strconv.Atoi(strings.TrimSpace(string(b[:n]))) // 0 when it is no number
	return pid
}

// PassLock returns the file that holds the lock, for the next program of this
// process. From then on Close leaves the lock to the copies of its descriptor.
func (d *Dir) PassLock() *os.File {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.passed = true
	return d.lock
}
