package initiator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"initiator/proactor"
)

// stateDir is the directory that belongs to one running initiator.
type stateDir struct {
	path string
	lock *os.File
}

// openState makes the directory and takes its lock. The lock is the kernel's:
// it ends with the process, however that ends.
func openState(path string, past *succession) (*stateDir, error) {
	if lock := past.lock(filepath.Join(path, "lock")); lock != nil {
		if err := sign(lock); err != nil { // a guard is another process
			return nil, fmt.Errorf("write the lock: %w", err)
		}
		return &stateDir{path: path, lock: lock}, nil // it is ours already
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the state directory: %w; set state_dir in [initiator] to a place that can be written", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the state directory: %w; set state_dir in [initiator] to a place that can be written", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		defer func() { _ = lock.Close() }() // nothing was written
		return nil, fmt.Errorf("state directory %s is in use by another initiator%s: `initiator status` shows it; stop it, or set another state_dir", path, holder(lock))
	}
	if err := sign(lock); err != nil {
		_ = lock.Close() // the error that counts is the one above
		return nil, fmt.Errorf("write the lock: %w", err)
	}
	return &stateDir{path: path, lock: lock}, nil
}

// sign leaves our pid in the lock, for those who find it taken.
func sign(lock *os.File) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// holder names the process that holds a lock, for the error.
func holder(lock *os.File) string {
	b := make([]byte, 20)
	n, _ := lock.ReadAt(b, 0)
	if pid := strings.TrimSpace(string(b[:n])); pid != "" {
		return " (pid " + pid + ")"
	}
	return ""
}

// token returns the secret that opens the API on TCP. It is made once and
// stays, so that a client's copy is good after a restart.
func (s *stateDir) token() (string, error) {
	path := filepath.Join(s.path, "token")
	b, err := os.ReadFile(path)
	if token := strings.TrimSpace(string(b)); err == nil && len(token) >= 32 {
		return token, os.Chmod(path, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("read the API's token: %w", err)
	}
	token := proactor.NewToken()
	if err := os.WriteFile(path, []byte(token+"\n"), 0o600); err != nil {
		return "", fmt.Errorf("keep the API's token: %w", err)
	}
	return token, nil
}

func (s *stateDir) close() { _ = s.lock.Close() } // which gives up the lock; nothing is left to write
