package initiator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The small files of the state directory: JSON, each with its version, written
// whole or not at all.

// StateError says that a file of the state directory cannot be used. Nothing
// was started and nothing was changed.
type StateError struct {
	Path    string
	Problem string
	Remedy  string
}

// Error says what is wrong and what is safe to do.
func (e *StateError) Error() string {
	return fmt.Sprintf("state file %s %s; %s", e.Path, e.Problem, e.Remedy)
}

// stamp begins every small file.
type stamp struct {
	Version int    `json:"version"`
	What    string `json:"what"`       // "initiator home", "initiator worker"
	Program string `json:"written_by"` // the version of the program
}

// readSmall reads a file into v, which has a stamp of its own. It reports
// false when there is none.
func readSmall(path string, v any, want stamp, remedy string) (bool, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the state: %w", err)
	}
	if len(bytes.Trim(text, "\x00")) == 0 {
		return false, nil // all that a power failure has left of a file that did not wait for the disk
	}
	var got stamp
	switch err := json.Unmarshal(text, &got); {
	case err != nil:
		return false, &StateError{path, "is torn or was damaged (" + err.Error() + ")", remedy}
	case got.What != want.What:
		return false, &StateError{path, "was not written by this program", remedy}
	case got.Version > want.Version:
		return false, &StateError{
			path, fmt.Sprintf("was written by a newer version (%s, format %d; this one reads %d)", got.Program, got.Version, want.Version),
			"run that version, or else: " + remedy,
		}
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, &StateError{path, "is damaged (" + err.Error() + ")", remedy}
	}
	return true, nil
}

// writeSmall replaces a file in one step. It does not wait for the disk: what
// is in it is of no use after a power failure.
func writeSmall(path string, v any) error { return replaceSmall(path, v, false) }

// keepSmall is writeSmall for what has to survive a power failure too.
func keepSmall(path string, v any) error { return replaceSmall(path, v, true) }

func replaceSmall(path string, v any, lasting bool) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n')) // CreateTemp has made it 0600
	if lasting && err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // what counts is the error above
	}
	if lasting && err == nil {
		err = syncDir(filepath.Dir(path))
	}
	return err
}

// syncDir makes the new name of a file last.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
