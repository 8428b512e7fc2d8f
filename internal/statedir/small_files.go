package statedir

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"initiator/internal/atomicfile"
)

// openNoFollow are the flags with which a file is opened that another user may have
// replaced: a link is an error, and a fifo does not block.
const openNoFollow = unix.O_NOFOLLOW | unix.O_NONBLOCK

// smallFileLimit is the largest small file that is read, in bytes.
const smallFileLimit = 64 << 20

// readFile reads a small file of the directory into v, and remembers its content for
// RestoreFiles. See parseFile.
func (d *Dir) readFile(name string, v any, k fileKind) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	text, err := d.readSmall(name)
	exists, err := parseFile(filepath.Join(d.path, name), text, err, v, k)
	if err == nil && exists {
		d.files[name] = text
	}
	return err
}

// readSmall reads a small file of the directory.
func (d *Dir) readSmall(name string) ([]byte, error) {
	f, err := d.openRegular(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return readSmall(f)
}

// openRegular opens a regular file of the directory. It follows no link.
func (d *Dir) openRegular(name string, flags int) (*os.File, error) {
	at, err2 := d.root.Lstat(name)
	if err2 == nil && at.Mode()&fs.ModeSymlink != 0 {
		return nil, &fs.PathError{Op: "open", Path: filepath.Join(d.path, name), Err: errLink}
	}
	f, err := d.root.OpenFile(name, flags|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	switch err = cmp.Or(err, err2); {
	case err != nil:
	case !os.SameFile(info, at):
		err = errLink
	case !info.Mode().IsRegular():
		err = errNotRegular
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, &fs.PathError{Op: "open", Path: filepath.Join(d.path, name), Err: err}
	}
	return f, nil
}

// writeFile replaces a file that is of no use after a power failure.
func (d *Dir) writeFile(name string, v any) error {
	return d.encodeFile(name, v, atomicfile.Replace)
}

// writeFileDurably replaces a file that must survive a power failure.
func (d *Dir) writeFileDurably(name string, v any) error {
	return d.encodeFile(name, v, atomicfile.ReplaceDurably)
}

func (d *Dir) encodeFile(name string, v any, replace func(*os.Root, string, []byte) error) error {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(d.path, name), err)
	}
	return d.replace(name, append(addSum(text), '\n'), replace)
}

// replace replaces a file and remembers its content.
func (d *Dir) replace(name string, text []byte, replace func(*os.Root, string, []byte) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := replace(d.root, name, text)
	if err == nil {
		d.files[name] = text
	}
	if err == nil && d.owner != os.Geteuid() {
		err = d.root.Lchown(name, d.owner, d.group)
	}
	return err
}

// removeFile removes a small file. An absent file is no error.
func (d *Dir) removeFile(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.files, name)
	if err := d.root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// RestoreFiles makes the lock and the small files again that were removed while the
// initiator runs, such as by a program that cleans /tmp. It returns their names,
// sorted.
func (d *Dir) RestoreFiles() (restored []string, err error) {
	locked, err := d.restoreLock()
	if locked {
		restored = append(restored, lockName)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for name, text := range d.files {
		if _, absent := d.root.Lstat(name); !errors.Is(absent, fs.ErrNotExist) {
			continue
		}
		failure := d.root.MkdirAll(filepath.Dir(name), 0o700)
		if failure == nil {
			failure = atomicfile.Replace(d.root, name, text)
		}
		if failure != nil {
			err = errors.Join(err, failure)
			continue
		}
		restored = append(restored, name)
	}
	slices.Sort(restored)
	return restored, err
}

// removeTree removes a directory with small files.
func (d *Dir) removeTree(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for file := range d.files {
		if strings.HasPrefix(file, name+string(filepath.Separator)) {
			delete(d.files, file)
		}
	}
	return d.root.RemoveAll(name)
}

// readRegular reads a small file by its path. It follows no link in the last part of
// the path, and does not wait for the writer of a fifo.
func readRegular(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|openNoFollow, 0)
	if errors.Is(err, unix.ELOOP) {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errLink}
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return readSmall(f)
}

// readSmall reads a small file from its beginning to its end.
func readSmall(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: f.Name(), Err: errNotRegular}
	case info.Size() > smallFileLimit:
		return nil, &fs.PathError{Op: "read", Path: f.Name(), Err: errTooLarge}
	}
	return io.ReadAll(f)
}

var (
	errLink       = errors.New("it is a link, which no initiator has made: remove the link")
	errNotRegular = errors.New("it is not a regular file: remove it")
	errTooLarge   = fmt.Errorf("it has more than %d MiB: no initiator has written it", smallFileLimit>>20)
)
