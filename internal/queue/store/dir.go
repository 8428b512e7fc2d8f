package store

import "io"

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
	// CountNames returns how many names lead to the file; 0 = it was removed. It
	// is one cheap system call.
	CountNames() (uint64, error)
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
	// RenameFile gives a file another name, in the directory or in a directory
	// that MakeDir has made.
	RenameFile(from, to string) error
	// MakeDir makes a directory in the directory. A directory that exists is no
	// error. OpenFile creates files in it.
	MakeDir(name string) error
	// SyncNames returns when all created and removed names are on the disk.
	SyncNames() error
	// FilePath returns the path of a file, for messages.
	FilePath(name string) string
	// CheckPlace returns an error when the directory is not at its path any more.
	CheckPlace() error
	// CheckName returns an error when the name does not lead to the open file.
	CheckName(name string, f File) error
}
