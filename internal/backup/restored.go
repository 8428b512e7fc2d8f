package backup

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const acceptHint = "when both were dealt with, `initiator task check --accept` ends this message"

// ReadMarker returns why a state directory needs the attention of a person after a
// restore; "" for a directory that was not restored, or whose mark was removed. A mark that cannot be read still says that the directory was restored.
func ReadMarker(dir string) string {
	path := filepath.Join(dir, manifestName)
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	m, err := readMarker(path)
	if err != nil {
		return fmt.Sprintf("the state directory was restored from a backup whose time is unknown (%s: %v): tasks that ended after the backup run again, and tasks that were submitted after it are missing; %s", manifestName, err, acceptHint)
	}
	at := m.At.Local().Format(time.DateTime)
	return fmt.Sprintf("the state directory was restored at %s from a backup of %s: tasks that were running then, or ended later, run again, and tasks that were submitted later are missing; %s", info.ModTime().Local().Format(time.DateTime), at, acceptHint)
}

// RemoveMarker removes the mark of a restored state directory: a person has dealt with
// the restore. A directory without a mark stays as it is.
func RemoveMarker(dir string) error {
	if err := os.Remove(filepath.Join(dir, manifestName)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func readMarker(path string) (Manifest, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Manifest{}, err
	}
	return parseManifest(text)
}

// writeMarker writes the manifest of a restored state directory.
func writeMarker(path string, m Manifest) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return writeNew(path, bytes.NewReader(append(text, '\n')))
}
