// Package atomicfile replaces small files in one step: a reader finds the old
// content or the new content, and never a part of either.
//
// Only one goroutine at a time may replace a given path. The new content is
// written to PATH.new beside the file, so that a crash in between leaves one
// temporary file at most, which the next call overwrites.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Replace writes data to path with mode 0600. It does not wait for the disk:
// after a power failure the file can be the old one, empty, or full of zeros.
func Replace(path string, data []byte) error { return replaceFile(path, data, false) }

// ReplaceDurably is Replace for content that must survive a power failure: when
// it returns nil, the content and the name of the file are on the disk.
func ReplaceDurably(path string, data []byte) error { return replaceFile(path, data, true) }

func replaceFile(path string, data []byte, durable bool) error {
	temporary := path + ".new"
	err := writeFile(temporary, data, durable)
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary) // the error to report is the one above
		return err
	}
	if durable {
		return syncDirectory(filepath.Dir(path))
	}
	return nil
}

func writeFile(path string, data []byte, durable bool) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
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
func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
