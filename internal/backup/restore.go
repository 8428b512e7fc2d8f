package backup

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"initiator/internal/statedir"
)

// mayStay are the names that an empty state directory may have: the lock, a token
// that clients know already, and what a new file system has.
var mayStay = []string{"lock", "token", "lost+found"}

// Restore fills the state directory dir with the archive in r. The caller holds the
// directory's lock. Until the whole archive was checked and is on the disk, the
// directory has nothing but the subdirectory statedir.RestoringName, with which no
// initiator starts; a later Restore begins again. Errors: those of Verify,
// *NotEmptyError, an error of the file system.
func Restore(r io.Reader, dir string) (Manifest, error) {
	if err := clearInterrupted(dir); err != nil {
		return Manifest{}, err
	}
	if err := checkEmpty(dir); err != nil {
		return Manifest{}, err
	}
	restoring := filepath.Join(dir, statedir.RestoringName)
	if err := os.Mkdir(restoring, 0o700); err != nil {
		return Manifest{}, err
	}
	m, err := readArchive(r, func(name string, content io.Reader) error {
		return writeNew(filepath.Join(restoring, name), content)
	})
	if err == nil {
		err = moveRestored(dir, m)
	}
	if err != nil {
		return m, errors.Join(err, clearInterrupted(dir))
	}
	return m, nil
}

// moveRestored puts the checked files in their places. The subdirectory goes last,
// and with it the mark of an unfinished restore.
func moveRestored(dir string, m Manifest) error {
	restoring := filepath.Join(dir, statedir.RestoringName)
	if err := writeMarker(filepath.Join(restoring, manifestName), m); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return syncDirectory(restoring) },
		func() error { return syncDirectory(dir) },
		func() error { return moveFiles(restoring, dir, m) },
		func() error { return syncDirectory(dir) },
		func() error { return os.Remove(restoring) },
		func() error { return syncDirectory(dir) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func moveFiles(from, to string, m Manifest) error {
	for _, f := range append(slices.Clone(m.Files), FileSum{Name: manifestName}) {
		if err := os.Rename(filepath.Join(from, f.Name), filepath.Join(to, f.Name)); err != nil {
			return err
		}
	}
	return nil
}

// clearInterrupted removes what an interrupted restore has left. No initiator has
// used the directory since.
func clearInterrupted(dir string) error {
	restoring := filepath.Join(dir, statedir.RestoringName)
	if _, err := os.Lstat(restoring); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if belongsInArchive(e.Name()) || e.Name() == manifestName {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return os.RemoveAll(restoring)
}

// NotEmptyError reports a state directory that is not empty.
type NotEmptyError struct{ Dir, Name string }

func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("the state directory %s is not empty: it has %s, and a restore replaces nothing", e.Dir, e.Name)
}

// checkEmpty checks that a state directory has nothing that a restore could mix
// with the archive.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !slices.Contains(mayStay, e.Name()) {
			return &NotEmptyError{dir, e.Name()}
		}
	}
	return nil
}

// writeNew writes a new file and waits until it is on the disk.
func writeNew(path string, content io.Reader) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDirectory waits until the names in a directory are on the disk.
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
