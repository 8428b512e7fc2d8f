package store

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// File is a file as the store uses it. The goroutine of the Store and the
// goroutine that syncs may use one File at once.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Size returns the length in bytes.
	Size() (int64, error)
	// Truncate sets the length. It cuts the end off, or appends zeros.
	Truncate(size int64) error
	// Sync returns when all written data is on the disk.
	Sync() error
}

// Dir is a directory as the store uses it. A test may use a Dir that fails.
type Dir interface {
	// ListNames lists the files. It returns no name for an absent directory.
	ListNames() ([]string, error)
	// OpenFile opens a file for reading and writing. With create it makes the
	// file and returns fs.ErrExist when the file exists.
	OpenFile(name string, create bool) (File, error)
	// RemoveFile removes a file.
	RemoveFile(name string) error
	// SyncNames returns when all created and removed names are on the disk.
	SyncNames() error
	// FilePath returns the path of a file, for messages.
	FilePath(name string) string
}

// OS is a directory of the operating system, given by its path.
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

// OpenFile implements Dir. A new file has mode 0600.
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

// SyncNames implements Dir. It syncs the parent directory too, because the
// directory itself may be new. A process without permission to read the parent
// cannot have created the directory; that error is ignored.
func (d OS) SyncNames() error {
	above := syncNames(filepath.Dir(filepath.Clean(string(d))))
	if errors.Is(above, fs.ErrPermission) {
		above = nil
	}
	return errors.Join(syncNames(string(d)), above)
}

// syncNames syncs the entries of a directory.
func syncNames(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// FilePath implements Dir.
func (d OS) FilePath(name string) string { return filepath.Join(string(d), name) }

// osFile is a File of the operating system.
type osFile struct{ *os.File }

// Size implements File.
func (f osFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Sync implements File. It syncs the data and the metadata that is needed to
// read it. The times of the file are not worth a journal entry.
func (f osFile) Sync() error { return syncData(f.File) }
