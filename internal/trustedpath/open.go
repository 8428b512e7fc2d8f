package trustedpath

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// appendFlags open a log. O_NONBLOCK keeps a fifo without a reader from stopping
// the process; it has no effect on regular files.
const appendFlags = unix.O_WRONLY | unix.O_APPEND | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY

const readFlags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NONBLOCK | unix.O_NOCTTY

// maxRounds is how often a path is resolved again because its last component
// has changed. Only a program that changes it all the time exceeds it.
const maxRounds = 100

// OpenAppend opens the file at an absolute path for appending, and returns its
// descriptor, which does not block. A file that does not exist is made with the
// mode, under the umask, and its directories with mode 0700; created reports that.
// Mode is not 0. The error is a *LinkError, a *HardLinkError or an *fs.PathError.
func OpenAppend(path string, mode uint32) (fd int, created bool, err error) {
	return openPath(path, appendFlags, mode)
}

// OpenRead opens the regular file at an absolute path for reading. The error is
// as that of OpenAppend, or ErrNotRegular in an *fs.PathError.
func OpenRead(path string) (*os.File, error) {
	return openForReading(path, func(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFREG })
}

// ReadFile returns the content of the file at an absolute path. A fifo of a
// trusted user is read until its writers have closed it.
func ReadFile(path string) ([]byte, error) {
	f, err := openForReading(path, func(st *unix.Stat_t) bool { return st.Mode&unix.S_IFMT == unix.S_IFREG || isTrusted(st.Uid) })
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(f)
}

// openForReading opens a path. Accepts examines what was opened.
func openForReading(path string, accepts func(st *unix.Stat_t) bool) (*os.File, error) {
	fd, _, err := openPath(path, readFlags, 0)
	if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || !accepts(&st) {
		_ = unix.Close(fd) // nothing was written
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.Join(err, ErrNotRegular)}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// Check reports whether OpenAppend would refuse a path because of its links. A
// path that does not exist, or cannot be opened for another reason, is not
// refused.
func Check(path string) error {
	fd, _, err := openPath(path, checkFlags, 0)
	if err == nil {
		return unix.Close(fd)
	}
	if IsRefusal(err) {
		return err
	}
	return nil
}

// openPath opens a path, and makes the file when mode is not 0. The quick way is
// taken when no link is in the path and the file exists and has one name.
func openPath(path string, flags int, mode uint32) (fd int, created bool, err error) {
	if fd, err := openPlain(path, flags); err == nil {
		if countNames(fd) <= 1 {
			return fd, false, nil
		}
		_ = unix.Close(fd) // nothing was written
	}
	for range maxRounds {
		r := resolver{makeDirs: mode != 0}
		at, err := r.resolve(path)
		if err != nil {
			return -1, false, err
		}
		fd, created, err = at.open(flags, mode, path)
		if err == nil {
			err = at.checkNames(fd, path)
		}
		_ = unix.Close(at.dir)
		switch {
		case err == nil:
			return fd, created, nil
		case !errors.Is(err, errChanged):
			return -1, false, err
		}
	}
	return -1, false, &fs.PathError{Op: "open", Path: path, Err: errChanged}
}

// errChanged means that the last component has become something else since it
// was examined.
var errChanged = errors.New("another program changes it all the time")

// open opens the file at a place, or makes it when mode is not 0. Path is its path
// for messages.
func (p place) open(flags int, mode uint32, path string) (fd int, created bool, err error) {
	if !p.kernelLink {
		flags |= unix.O_NOFOLLOW
	}
	fd, err = openAt(p.dir, p.name, flags, 0)
	if mode != 0 && errors.Is(err, unix.ENOENT) {
		created = true
		fd, err = openAt(p.dir, p.name, flags|unix.O_CREAT|unix.O_EXCL, mode)
	}
	switch {
	case err == nil:
		return fd, created, nil
	case errors.Is(err, unix.ELOOP), created && errors.Is(err, unix.EEXIST):
		return -1, false, errChanged
	}
	return -1, false, &fs.PathError{Op: "open", Path: path, Err: err}
}

// openAt is openat, which a signal does not end.
func openAt(dir int, name string, flags int, mode uint32) (fd int, err error) {
	for {
		if fd, err = unix.Openat(dir, name, flags, mode); !errors.Is(err, unix.EINTR) {
			return fd, err
		}
	}
}

// checkNames refuses, and closes, a file with several names in a directory that
// other users can write to.
func (p place) checkNames(fd int, path string) error {
	names := countNames(fd)
	if names <= 1 || p.kernelLink || isPrivate(p.dir) {
		return nil
	}
	_ = unix.Close(fd) // nothing was written
	return &HardLinkError{Path: path, Names: names}
}

// countNames returns how many names a regular file has, and 0 for others.
func countNames(fd int) int {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return 0
	}
	return int(st.Nlink)
}
