package statedir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// FormatError says that a file of the state directory cannot be used. Nothing
// was started and nothing was changed.
type FormatError struct {
	Path    string
	Problem string // such as "is torn or was damaged"
	Remedy  string // what is safe to do
}

// Error says what is wrong and what is safe to do.
func (e *FormatError) Error() string {
	return fmt.Sprintf("state file %s %s; %s", e.Path, e.Problem, e.Remedy)
}

// fileKind describes one kind of small file.
type fileKind struct {
	what    string // stored in the file, to recognise it
	version int    // of the format that this program writes, and the newest that it reads
	remedy  string // for a FormatError
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
// embeds a header. It reports false when the file does not exist, and when a power
// failure has left nothing of a file that did not wait for the disk.
func parseFile(path string, text []byte, err error, v any, k fileKind) (bool, error) {
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the state: %w", err)
	}
	if len(bytes.Trim(text, "\x00")) == 0 {
		return false, nil
	}
	var got header
	switch err := json.Unmarshal(text, &got); {
	case err != nil:
		return false, &FormatError{path, "is torn or was damaged (" + err.Error() + ")", k.remedy}
	case got.What != k.what:
		return false, &FormatError{path, "was not written by this program", k.remedy}
	case got.Version > k.version:
		return false, &FormatError{
			path, fmt.Sprintf("was written by a newer version (%s, format %d; this one reads %d)", got.Program, got.Version, k.version),
			"run that version, or else: " + k.remedy,
		}
	}
	if err := json.Unmarshal(text, v); err != nil {
		return false, &FormatError{path, "is damaged (" + err.Error() + ")", k.remedy}
	}
	return true, nil
}
