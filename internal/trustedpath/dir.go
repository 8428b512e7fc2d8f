package trustedpath

import (
	"io/fs"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Dir is an open directory. A name in it is never followed: a link is renamed or
// removed itself.
type Dir struct {
	fd   int
	path string
}

// OpenDirOf opens the directory of the file at an absolute path. The error is
// that of OpenAppend.
func OpenDirOf(path string) (*Dir, error) {
	r := resolver{keepLink: true}
	at, err := r.resolve(path)
	if err != nil {
		return nil, err
	}
	return &Dir{at.dir, filepath.Dir(path)}, nil
}

// Close closes the directory.
func (d *Dir) Close() { _ = unix.Close(d.fd) }

// Rename gives a file of the directory another name.
func (d *Dir) Rename(from, to string) error {
	if err := unix.Renameat(d.fd, from, d.fd, to); err != nil {
		return &fs.PathError{Op: "rename", Path: filepath.Join(d.path, from), Err: err}
	}
	return nil
}

// Remove removes a file of the directory.
func (d *Dir) Remove(name string) error {
	if err := unix.Unlinkat(d.fd, name, 0); err != nil {
		return &fs.PathError{Op: "remove", Path: filepath.Join(d.path, name), Err: err}
	}
	return nil
}

// HasSpecial reports whether the name is a device, a fifo, a socket or a
// directory, which holds no lines.
func (d *Dir) HasSpecial(name string) bool {
	var st unix.Stat_t
	if unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW) != nil {
		return false
	}
	kind := st.Mode & unix.S_IFMT
	return kind != unix.S_IFREG && kind != unix.S_IFLNK
}
