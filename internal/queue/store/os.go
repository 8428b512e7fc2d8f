package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// OpenDir is an open directory of the operating system.
type OpenDir struct {
	Root *os.Root
	Path string // of Root, for messages
	// Check reports whether Root is still at its path; nil = it is not checked.
	Check func() error
	// Chown is called with each new file, to give it to another user; nil = the file
	// belongs to the user of this process.
	Chown func(*os.File) error
}

// ListNames implements Dir.
func (d *OpenDir) ListNames() ([]string, error) {
	entries, err := fs.ReadDir(d.Root.FS(), ".")
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// OpenFile implements Dir. A new file has mode 0600. A link is not followed.
func (d *OpenDir) OpenFile(name string, create bool) (File, error) {
	flags := os.O_RDWR | syscall.O_NONBLOCK // opens no fifo that waits for its writer
	if create {
		flags |= os.O_CREATE | os.O_EXCL
	}
	f, err := d.Root.OpenFile(name, flags, 0o600)
	if err != nil {
		return nil, err
	}
	opened, err := newOSFile(f)
	if err == nil {
		err = d.CheckName(name, opened)
	}
	if create && err == nil && d.Chown != nil {
		err = d.Chown(f)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return opened, nil
}

// RemoveFile implements Dir.
func (d *OpenDir) RemoveFile(name string) error { return d.Root.Remove(name) }

// RenameFile implements Dir.
func (d *OpenDir) RenameFile(from, to string) error { return d.Root.Rename(from, to) }

// MakeDir implements Dir. A new directory has mode 0700.
func (d *OpenDir) MakeDir(name string) error {
	err := d.Root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil || d.Chown == nil {
		return err
	}
	f, err := d.Root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Chown(f), f.Close())
}

// SyncNames implements Dir. It syncs the parent directory too, because the
// directory itself may be new. A process without permission to read the parent
// cannot have created the directory; that error is ignored.
func (d *OpenDir) SyncNames() error {
	own, err := d.Root.Open(".")
	if err != nil {
		return err
	}
	above, err := os.Open(filepath.Dir(filepath.Clean(d.Path)))
	if err == nil {
		err = errors.Join(above.Sync(), above.Close())
	}
	if errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(own.Sync(), own.Close(), err)
}

// FilePath implements Dir.
func (d *OpenDir) FilePath(name string) string { return filepath.Join(d.Path, name) }

// CheckPlace implements Dir.
func (d *OpenDir) CheckPlace() error {
	if d.Check == nil {
		return nil
	}
	return d.Check()
}

// CheckName implements Dir.
func (d *OpenDir) CheckName(name string, f File) error {
	own, err := f.(*osFile).Stat()
	if err != nil {
		return err
	}
	at, err := d.Root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newGoneFile(d.FilePath(name), "was removed or renamed")
	case err != nil:
		return err
	case !os.SameFile(own, at):
		return newGoneFile(d.FilePath(name), "is a link, or was replaced by another file")
	case !own.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file: remove it", d.FilePath(name))
	}
	return nil
}

// OS is a directory of the operating system, given by its path.
type OS string

// use calls f with the open directory.
func (d OS) use(f func(*OpenDir) error) error {
	root, err := os.OpenRoot(string(d))
	if err != nil {
		return err
	}
	return errors.Join(f(&OpenDir{Root: root, Path: string(d)}), root.Close())
}

// ListNames implements Dir.
func (d OS) ListNames() (names []string, err error) {
	err = d.use(func(o *OpenDir) error {
		names, err = o.ListNames()
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return names, err
}

// OpenFile implements Dir. A new file has mode 0600.
func (d OS) OpenFile(name string, create bool) (f File, err error) {
	err = d.use(func(o *OpenDir) error {
		f, err = o.OpenFile(name, create)
		return err
	})
	return f, err
}

// RemoveFile implements Dir.
func (d OS) RemoveFile(name string) error {
	return d.use(func(o *OpenDir) error { return o.RemoveFile(name) })
}

// RenameFile implements Dir.
func (d OS) RenameFile(from, to string) error {
	return d.use(func(o *OpenDir) error { return o.RenameFile(from, to) })
}

// MakeDir implements Dir. The directory has mode 0700.
func (d OS) MakeDir(name string) error {
	return d.use(func(o *OpenDir) error { return o.MakeDir(name) })
}

// SyncNames implements Dir, as OpenDir does.
func (d OS) SyncNames() error { return d.use((*OpenDir).SyncNames) }

// FilePath implements Dir.
func (d OS) FilePath(name string) string { return filepath.Join(string(d), name) }

// CheckPlace implements Dir. A path alone is not checked.
func (d OS) CheckPlace() error { return nil }

// CheckName implements Dir.
func (d OS) CheckName(name string, f File) error {
	return d.use(func(o *OpenDir) error { return o.CheckName(name, f) })
}

// osFile is a File of the operating system.
type osFile struct {
	*os.File
	conn syscall.RawConn // keeps the descriptor open during a system call
}

func newOSFile(f *os.File) (*osFile, error) {
	conn, err := f.SyscallConn()
	return &osFile{f, conn}, err
}

// Size implements File.
func (f *osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// statLinks returns the number of links of an open file.
func statLinks(fd int) (uint64, error) {
	var st syscall.Stat_t
	err := syscall.Fstat(fd, &st)
	return uint64(st.Nlink), os.NewSyscallError("fstat", err)
}

// CountNames implements File. It returns os.ErrClosed when another goroutine has
// closed the file.
func (f *osFile) CountNames() (n uint64, err error) {
	if f.conn.Control(func(fd uintptr) { n, err = countLinks(int(fd)) }) != nil {
		return 0, os.ErrClosed // Control fails only for a closed file
	}
	return n, err
}

// Sync implements File. It syncs the data and the metadata that is needed to
// read it. The times of the file are not worth a journal entry.
func (f *osFile) Sync() error { return syncData(f.File) }
