// Package atomicfile replaces small files in one step: a reader finds the old
// content or the new content, and never a part of either.
//
// The directory is given as an open directory, so that a file never appears in
// another directory that has its path by now. Links in it are replaced and not
// followed.
//
// Only one goroutine at a time may replace a given file. The new content is
// written to NAME.new beside the file, so that a crash in between leaves one
// temporary file at most, which the next call removes.
package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// Replace writes data to a file with mode 0600. It does not wait for the disk:
// after a power failure the file can be the old one, empty, or full of zeros.
func Replace(dir *os.Root, name string, data []byte) error {
	return replaceFile(dir, name, data, false)
}

// ReplaceDurably is Replace for content that must survive a power failure: when
// it returns nil, the content and the name of the file are on the disk.
func ReplaceDurably(dir *os.Root, name string, data []byte) error {
	return replaceFile(dir, name, data, true)
}

func replaceFile(dir *os.Root, name string, data []byte, durable bool) error {
	temporary := name + ".new"
	if err := dir.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := writeFile(dir, temporary, data, durable)
	if err == nil {
		err = dir.Rename(temporary, name)
	}
	if err != nil {
		_ = dir.Remove(temporary) // the error to report is the one above
		return err
	}
	if durable {
		return syncDirectory(dir)
	}
	return nil
}

func writeFile(dir *os.Root, name string, data []byte, durable bool) error {
	f, err := dir.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if durable && err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDirectory makes a rename in the directory durable.
func syncDirectory(dir *os.Root) error {
	d, err := dir.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
