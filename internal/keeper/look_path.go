package keeper

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// tooManyFiles tells the user what to do about EMFILE.
const tooManyFiles = "too many open files: raise the limit (ulimit -n) of the initiator; each worker needs two descriptors, a held port one more"

// spawnError is an error of the program, of its directory or of its exec.
type spawnError struct {
	message string
	errno   syscall.Errno
}

func (e spawnError) Error() string { return e.message }

// spawnErrno returns the name of the system's error behind a spawnError, for
// example "ENOENT"; "" for any other error.
func spawnErrno(err error) string {
	var e spawnError
	if !errors.As(err, &e) {
		return ""
	}
	return unix.ErrnoName(e.errno)
}

// IsSpawnError reports whether err, of LookPath, has the system's error errno.
func IsSpawnError(err error, errno syscall.Errno) bool {
	var e spawnError
	return errors.As(err, &e) && e.errno == errno
}

// newSpawnError returns the message with the system's error that err holds.
func newSpawnError(err error, format string, args ...any) error {
	e := spawnError{message: fmt.Sprintf(format, args...)}
	_ = errors.As(err, &e.errno) // 0 = err holds none
	return e
}

var errEmptyCommand = newSpawnError(syscall.ENOENT, "the command is empty")

// LookPath finds the file to execute: name itself when it contains a slash
// (relative to dir), else the first executable in the PATH of env, as execvp
// does it.
func LookPath(name, dir string, env []string) (string, error) {
	if name == "" {
		return "", errEmptyCommand
	}
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return name, executableFile(name)
	}
	path := valueOf(env, "PATH")
	var blocked error
	for _, entry := range filepath.SplitList(path) {
		if !filepath.IsAbs(entry) {
			entry = filepath.Join(dir, entry) // "" is the working directory
		}
		file := filepath.Join(entry, name)
		err := executableFile(file)
		if err == nil {
			return file, nil
		}
		if blocked == nil && spawnErrno(err) != "ENOENT" {
			blocked = err
		}
	}
	if blocked != nil {
		return "", blocked
	}
	return "", newSpawnError(syscall.ENOENT, "program %q was not found in PATH: install it, or give its path (PATH=%s)", name, path)
}

// valueOf returns the last value of a variable, which is the effective value.
func valueOf(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if value, ok := strings.CutPrefix(env[i], name+"="); ok {
			return value
		}
	}
	return ""
}

func executableFile(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return newSpawnError(syscall.ENOENT, "program %s does not exist: install it, or give its path", path)
	case err != nil:
		return newSpawnError(err, "program %s: %v", path, err)
	case info.IsDir():
		return newSpawnError(syscall.EISDIR, "program %s is a directory", path)
	case info.Mode()&0o111 == 0:
		return newSpawnError(syscall.EACCES, "program %s is not executable: chmod +x it", path)
	}
	return nil
}

// CheckDir reports what is wrong with a working directory. exec itself would
// report it as if the program were missing.
func CheckDir(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newSpawnError(err, "directory %s does not exist: create it", dir)
	case err != nil:
		return newSpawnError(err, "directory %s: %v", dir, err)
	case !info.IsDir():
		return newSpawnError(syscall.ENOTDIR, "directory %s is not a directory", dir)
	}
	return nil
}

// explainSpawnError turns an error of fork or exec into a message that says
// what to do.
func explainSpawnError(err error, path string) error {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return err
	}
	remedy := map[syscall.Errno]string{
		syscall.ENOEXEC: "it is built for another machine, or is a script without a #! line",
		syscall.ENOENT:  "the interpreter that it names (its #! line, or its dynamic linker) does not exist",
		syscall.EACCES:  "the user may not execute it, or its file system is mounted noexec",
		syscall.ETXTBSY: "it is still being written; start it when that has ended",
		syscall.EAGAIN:  "the limit of processes is reached (ulimit -u, or the cgroup's pids.max)",
		syscall.ENOMEM:  "there is not enough memory to start a process",
		syscall.EMFILE:  tooManyFiles,
		syscall.ENFILE:  "the whole machine has too many files open (fs.file-max)",
		syscall.E2BIG:   "arguments and environment are too long together",
		syscall.EPERM:   "not permitted; changing user, group or limits needs root",
		syscall.ELOOP:   "its #! lines or links go in a circle",
	}[errno]
	if remedy == "" {
		return newSpawnError(errno, "exec %s: %v", path, errno)
	}
	return newSpawnError(errno, "exec %s: %v: %s", path, errno, remedy)
}
