package initiator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// seenName is the file in the state directory that says what was, and
// seenVersion what this program writes and reads.
const (
	seenName    = "workers.json"
	seenVersion = 1
)

// LastSeen is what an initiator has written about its workers, for whoever asks
// when it does not run any more. Nothing depends on it: without it only
// `status` after a crash says less, and events are numbered from 1 again.
type LastSeen struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	// Ended says that it had stopped everything; false = it has crashed, or runs.
	Ended   bool         `json:"ended"`
	PID     int          `json:"pid"` // of the initiator
	Seq     uint64       `json:"seq"` // of the newest event
	Workers []SeenWorker `json:"workers"`
}

// SeenWorker is one worker as it was last.
type SeenWorker struct {
	Name        string          `json:"name"`
	GUID        string          `json:"guid"`
	Index       int             `json:"index"`
	Group       string          `json:"group,omitempty"`
	Incarnation int             `json:"incarnation"`
	Restarts    int             `json:"restarts"`
	PID         int             `json:"pid,omitempty"`
	Port        int             `json:"port,omitempty"`
	Started     time.Time       `json:"started,omitzero"`
	State       lifecycle.State `json:"state"`
	Ready       bool            `json:"ready"`
	Reason      string          `json:"reason"`
	LastExit    lifecycle.Exit  `json:"last_exit,omitzero"`
}

// SeenError says that the file is there and cannot be used.
type SeenError struct {
	Path    string
	Problem string
}

// Error says what is wrong, and what is safe to do.
func (e *SeenError) Error() string {
	return fmt.Sprintf("read %s: %s; it only says what the last initiator saw: it is safe to delete, and `initiator up` sets it aside and begins a new one", e.Path, e.Problem)
}

// ReadLastSeen reads what the initiator of a state directory wrote last. The
// error is fs.ErrNotExist where none has, and a *SeenError for a file that is
// torn, of a newer version, or not ours.
func ReadLastSeen(stateDir string) (LastSeen, error) {
	path := filepath.Join(stateDir, seenName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return LastSeen{}, err
	}
	if err != nil {
		return LastSeen{}, &SeenError{path, err.Error()}
	}
	seen, problem := parseSeen(data)
	if problem != "" {
		return LastSeen{}, &SeenError{path, problem}
	}
	return seen, nil
}

// parseSeen is ReadLastSeen without the file. The version is looked at first:
// of a newer file nothing else is known.
func parseSeen(data []byte) (seen LastSeen, problem string) {
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		var syntax *json.SyntaxError
		if len(bytes.TrimSpace(data)) == 0 || errors.As(err, &syntax) && syntax.Offset >= int64(len(data)) {
			return LastSeen{}, "it ends in the middle"
		}
		return LastSeen{}, "it was not written by an initiator (" + err.Error() + ")"
	}
	switch {
	case head.Version == nil || *head.Version < 1:
		return LastSeen{}, "it was not written by an initiator (it has no version)"
	case *head.Version > seenVersion:
		return LastSeen{}, fmt.Sprintf("it is of version %d, and this program knows %d: it was written by a newer one", *head.Version, seenVersion)
	}
	if err := json.Unmarshal(data, &seen); err != nil {
		return LastSeen{}, "it was not written by an initiator (" + err.Error() + ")"
	}
	return seen, ""
}

// seenOf keeps of a worker what is worth knowing afterwards.
func seenOf(w supervise.Worker) SeenWorker {
	return SeenWorker{
		Name: w.Name, GUID: w.GUID, Index: w.Index, Group: w.Group, Incarnation: w.Incarnation, Restarts: w.Restarts,
		PID: w.PID, Port: w.Port, Started: w.Started, State: w.State, Ready: w.Ready, Reason: w.Reason, LastExit: w.LastExit,
	}
}

// Worker is the record in the shape in which `status` shows those that run.
func (s SeenWorker) Worker() supervise.Worker {
	return supervise.Worker{
		Name: s.Name, GUID: s.GUID, Index: s.Index, Group: s.Group, Incarnation: s.Incarnation, Restarts: s.Restarts,
		PID: s.PID, Port: s.Port, Started: s.Started, State: s.State, Ready: s.Ready, Reason: s.Reason, LastExit: s.LastExit,
	}
}
