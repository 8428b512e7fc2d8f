package statedir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"initiator/internal/strictjson"
)

// FormatError says that a file of the state directory cannot be used. Nothing
// was started and nothing was changed.
type FormatError struct {
	Path    string
	Problem string // such as "is torn or was damaged"
	Remedy  string // what is safe to do
	// Newer says that a newer program has written the file, and that the file is
	// sound. An initiator does not start with such a file.
	Newer bool
	loss  string // what is lost without the file
}

// Error says what is wrong and what is safe to do.
func (e *FormatError) Error() string {
	return fmt.Sprintf("state file %s %s; %s", e.Path, e.Problem, e.Remedy)
}

// DamagedFile is a small file that was set aside.
type DamagedFile struct {
	Name   string // in the state directory, such as "paused.json"
	Reason string // what happened, to what, why, and what to do
}

// setAsideSuffix is added to the name of a file that was set aside.
const setAsideSuffix = ".refused"

// SetAside renames every damaged file of an error that this package has returned,
// and describes what that costs. A file that a newer program has written stays: the
// remaining error says so, and is nil when there is none.
func (d *Dir) SetAside(err error) (damaged []DamagedFile, remains error) {
	for _, one := range splitErrors(err) {
		var bad *FormatError
		if errors.As(one, &bad) && !bad.Newer {
			damaged = append(damaged, d.setAside(bad))
		} else {
			remains = errors.Join(remains, one)
		}
	}
	return damaged, remains
}

// NewerFiles returns the part of an error that SetAside would leave.
func NewerFiles(err error) (remains error) {
	for _, one := range splitErrors(err) {
		var bad *FormatError
		if !errors.As(one, &bad) || bad.Newer {
			remains = errors.Join(remains, one)
		}
	}
	return remains
}

// splitErrors returns the errors that were joined.
func splitErrors(err error) (all []error) {
	joined, ok := err.(interface{ Unwrap() []error }) // only errors that were joined
	if !ok {
		if err == nil {
			return nil
		}
		return []error{err}
	}
	for _, one := range joined.Unwrap() {
		all = append(all, splitErrors(one)...)
	}
	return all
}

// setAside renames the file, which RestoreFiles then makes no more, and describes
// what that costs.
func (d *Dir) setAside(e *FormatError) DamagedFile {
	d.mu.Lock()
	defer d.mu.Unlock()
	reason := fmt.Sprintf("state file %s %s: it was renamed to %s; %s", e.Path, e.Problem, filepath.Base(e.Path)+setAsideSuffix, e.loss)
	name, err := filepath.Rel(d.path, e.Path)
	if err == nil {
		delete(d.files, name)
		err = d.root.Rename(name, name+setAsideSuffix)
	}
	if err != nil {
		reason = fmt.Sprintf("state file %s %s, and could not be renamed (%v); %s", e.Path, e.Problem, err, e.loss)
	}
	return DamagedFile{filepath.Base(e.Path), reason}
}

// fileKind describes one kind of small file.
type fileKind struct {
	what    string // stored in the file, to recognise it
	version int    // of the format that this program writes, and the newest that it reads
	remedy  string // for a FormatError
	loss    string // what is lost without the file, and what to do
}

// header begins every small file.
type header struct {
	Version int    `json:"version"`
	What    string `json:"what"`       // fileKind.what
	Program string `json:"written_by"` // the version of the program
}

// newHeader is the header of a file that this program writes.
func (d *Dir) newHeader(k fileKind) header { return header{k.version, k.what, d.version} }

// readFile reads the small file at path into v; see parseFile.
func readFile(path string, v any, k fileKind) (bool, error) {
	text, err := readRegular(path)
	return parseFile(path, text, err, v, k)
}

// parseFile reads the text of a small file, or the error of reading it, into v, which
// embeds a header. It reports false when the file does not exist.
func parseFile(path string, text []byte, err error, v any, k fileKind) (bool, error) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case errors.Is(err, syscall.EIO):
		return false, k.damaged(path, "cannot be read ("+err.Error()+")")
	case err != nil:
		return false, fmt.Errorf("read the state: %w", err)
	case len(bytes.Trim(text, "\x00")) == 0:
		return false, k.damaged(path, "is empty, as a loss of power or the disk has left it")
	}
	if problem := checkSum(text); problem != "" {
		return false, k.damaged(path, problem)
	}
	var got header
	switch err := json.Unmarshal(text, &got); {
	case err != nil:
		return false, k.damaged(path, "is torn or was damaged ("+strictjson.ExplainDecode(err).Error()+")")
	case got.What != k.what:
		return false, k.damaged(path, "was not written by this program")
	case got.Version > k.version:
		return false, &FormatError{
			Path: path, Problem: fmt.Sprintf("was written by a newer version (%s, format %d; this one reads %d)", got.Program, got.Version, k.version),
			Remedy: "run that version, or else: " + k.remedy, Newer: true,
		}
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, k.damaged(path, "is damaged ("+strictjson.ExplainDecode(err).Error()+")")
	}
	return true, nil
}

// damaged returns the error for a file that cannot be used.
func (k fileKind) damaged(path, problem string) error {
	return &FormatError{Path: path, Problem: problem, Remedy: k.remedy, loss: k.loss}
}
