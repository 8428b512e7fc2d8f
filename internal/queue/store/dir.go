package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is what the store needs of a file.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Size is the length in bytes.
	Size() (int64, error)
	// Truncate cuts the file, or fills it up with zeros.
	Truncate(size int64) error
	// Sync returns when what was written is on the disk.
	Sync() error
}

// Dir is what the store needs of a directory.
type Dir interface {
	// ListNames lists the files; an absent directory has none.
	ListNames() ([]string, error)
	// OpenFile opens a file, or makes it where create is set.
	OpenFile(name string, create bool) (File, error)
	// RemoveFile removes a file.
	RemoveFile(name string) error
	// SyncNames returns when made and removed names are on the disk.
	SyncNames() error
	// FilePath names a file in messages.
	FilePath(name string) string
}

// OS is a directory of the operating system.
type OS string

// ListNames implements Dir.
func (d OS) ListNames() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, err
}

// OpenFile implements Dir. Files are for their owner alone.
func (d OS) OpenFile(name string, create bool) (File, error) {
	flags := os.O_RDWR
	if create {
		flags |= os.O_CREATE | os.O_EXCL
	}
	f, err := os.OpenFile(d.FilePath(name), flags, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

// RemoveFile implements Dir.
func (d OS) RemoveFile(name string) error { return os.Remove(d.FilePath(name)) }

// SyncNames implements Dir. The name of the directory itself may be new as well;
// who may not read what it is in cannot have made it.
func (d OS) SyncNames() error {
	above := syncNames(filepath.Dir(filepath.Clean(string(d))))
	if errors.Is(above, fs.ErrPermission) {
		above = nil
	}
	return errors.Join(syncNames(string(d)), above)
}

func syncNames(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// FilePath implements Dir.
func (d OS) FilePath(name string) string { return filepath.Join(string(d), name) }

type osFile struct{ *os.File }

// Size implements File.
func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Sync implements File. The data and what is needed to find it again are
// enough; the times of the file are not worth a journal entry.
func (f osFile) Sync() error { return syncData(f.File) }
