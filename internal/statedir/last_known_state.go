package statedir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/strictjson"
	"initiator/internal/supervise"
)

const (
	// LastKnownName is the name of the file in the state directory.
	LastKnownName    = "workers.json"
	lastKnownVersion = 1 // that this program writes, and the newest that it reads
)

// LastKnownState is what an initiator wrote about its workers. It is read when
// that initiator does not run any more. Without it, `status` after a crash says
// less, events are numbered from 1 again, and processes of workers can stay if
// the keeper was killed as well.
type LastKnownState struct {
	Version int       `json:"version"`
	At      time.Time `json:"at"`
	// Ended says that the initiator had stopped everything. False means that it
	// runs or has crashed.
	Ended   bool              `json:"ended"`
	PID     int               `json:"pid"`            // of the initiator
	Boot    string            `json:"boot,omitempty"` // see CurrentBoot; the processes are those of this boot
	Seq     uint64            `json:"seq"`            // of the newest event
	Workers []LastKnownWorker `json:"workers"`
	// Left are the processes that workers have left and that no initiator ends,
	// of the boot Boot.
	Left []report.LeftProcess `json:"left,omitempty"`
}

// LastKnownWorker is the last known state of one worker.
type LastKnownWorker struct {
	Name        string       `json:"name"`
	GUID        string       `json:"guid"`
	Index       int          `json:"index"`
	Group       string       `json:"group,omitempty"`
	Incarnation int          `json:"incarnation"`
	Restarts    int          `json:"restarts"`
	PID         int          `json:"pid,omitempty"`
	Port        int          `json:"port,omitempty"`
	Started     time.Time    `json:"started,omitzero"`
	State       report.State `json:"state"`
	Ready       bool         `json:"ready"`
	Reason      string       `json:"reason"`
	LastExit    report.Exit  `json:"last_exit,omitzero"`
	// A file of an older program has none of the fields from Since to Unenforced.
	// They are those of a report.Worker.
	Since        time.Time `json:"since,omitzero"`
	Deaths       int       `json:"deaths,omitempty"`
	DeathsInARow int       `json:"deaths_in_a_row,omitempty"`
	Began        time.Time `json:"began,omitzero"`
	BeganBefore  time.Time `json:"began_before,omitzero"`
	Rule         string    `json:"rule,omitempty"`
	NextStart    time.Time `json:"next_start,omitzero"`
	WaitsFor     []string  `json:"waits_for,omitempty"`
	WaitsInVain  bool      `json:"waits_in_vain,omitempty"`
	Status       string    `json:"status,omitempty"`
	Unenforced   []string  `json:"not_in_force,omitempty"`
	// Start is when PID began, in clock ticks since boot. Escaped are the
	// descendants that have left its session.
	Start   uint64                  `json:"start,omitempty"`
	Escaped []keeper.EscapedProcess `json:"escaped,omitempty"`
}

// LastKnownStateError says that the file exists and cannot be used.
type LastKnownStateError struct {
	Path    string
	Problem string
}

// Error says what is wrong and what is safe to do.
func (e *LastKnownStateError) Error() string {
	return fmt.Sprintf("read %s: %s; it has the last known state of the workers: `initiator up` sets it aside and begins a new one", e.Path, e.Problem)
}

// NewLastKnownState makes the state to write now. Seq is the number of the newest
// event; ended says that every worker was stopped.
func NewLastKnownState(seq uint64, ended bool, workers []supervise.WorkerProcesses, left []report.LeftProcess) LastKnownState {
	s := LastKnownState{Version: lastKnownVersion, At: time.Now(), Ended: ended, PID: os.Getpid(), Boot: CurrentBoot(), Seq: seq}
	for _, p := range left {
		p.Command = "" // it can hold a secret
		s.Left = append(s.Left, p)
	}
	s.Workers = make([]LastKnownWorker, 0, len(workers))
	for _, w := range workers {
		s.Workers = append(s.Workers, LastKnownWorker{
			Name: w.Name, GUID: w.GUID, Index: w.Index, Group: w.Group, Incarnation: w.Incarnation, Restarts: w.Restarts,
			PID: w.PID, Port: w.Port, Started: w.Started, State: w.State, Ready: w.Ready, Reason: w.Reason, LastExit: w.LastExit,
			Since: w.Since, Deaths: w.Deaths, DeathsInARow: w.DeathsInARow, Began: w.Began, BeganBefore: w.BeganBefore, Rule: w.Rule,
			NextStart: w.NextStart, WaitsFor: w.WaitsFor, WaitsInVain: w.WaitsInVain, Status: w.Status, Unenforced: w.Unenforced,
			Start: w.StartTime, Escaped: w.Escaped,
		})
	}
	return s
}

// AsWorker returns the record in the shape in which `status` shows workers that
// run. Since is the zero time in a record of an older program.
func (w LastKnownWorker) AsWorker() report.Worker {
	return report.Worker{
		Name: w.Name, GUID: w.GUID, Index: w.Index, Group: w.Group, Incarnation: w.Incarnation, Restarts: w.Restarts,
		PID: w.PID, Port: w.Port, Started: w.Started, State: w.State, StateCode: int(w.State), Ready: w.Ready, Reason: w.Reason, LastExit: w.LastExit,
		Since: w.Since, Deaths: w.Deaths, DeathsInARow: w.DeathsInARow, Began: w.Began, BeganBefore: w.BeganBefore, Rule: w.Rule,
		NextStart: w.NextStart, WaitsFor: w.WaitsFor, WaitsInVain: w.WaitsInVain, Status: w.Status, Unenforced: w.Unenforced,
	}
}

// leftWorkers returns what is known of the processes of the workers in the boot
// with this name.
func (s *LastKnownState) leftWorkers(boot string) (list []supervise.LeftWorker) {
	for _, w := range s.Workers {
		left := supervise.LeftWorker{GUID: w.GUID}
		if boot != "" && s.Boot == boot {
			left.PID, left.StartTime, left.Escaped = w.PID, w.Start, w.Escaped
		}
		list = append(list, left)
	}
	return list
}

// LeftInBoot returns the left processes, unless the file is of another boot.
func (s *LastKnownState) LeftInBoot(boot string) []report.LeftProcess {
	if boot == "" || s.Boot != boot {
		return nil
	}
	return s.Left
}

// ReadLastKnownState reads what the last initiator of a state directory wrote.
// The error is fs.ErrNotExist where there is no file, and a *LastKnownStateError
// for a file that is torn, of a newer version, or written by another program.
func ReadLastKnownState(dir string) (LastKnownState, error) {
	path := filepath.Join(dir, LastKnownName)
	data, err := readRegular(path)
	if errors.Is(err, fs.ErrNotExist) {
		return LastKnownState{}, err
	}
	if err != nil {
		return LastKnownState{}, &LastKnownStateError{path, err.Error()}
	}
	state, problem := parseLastKnownState(data)
	if problem != "" {
		return LastKnownState{}, &LastKnownStateError{path, problem}
	}
	return state, nil
}

// parseLastKnownState reads the text of the file. The version comes first: of a
// newer file nothing else is known.
func parseLastKnownState(data []byte) (state LastKnownState, problem string) {
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		var syntax *json.SyntaxError
		if len(bytes.TrimSpace(data)) == 0 || errors.As(err, &syntax) && syntax.Offset >= int64(len(data)) {
			return LastKnownState{}, "it ends in the middle"
		}
		return LastKnownState{}, "it was not written by an initiator (" + strictjson.ExplainDecode(err).Error() + ")"
	}
	if problem := checkSum(data); problem != "" {
		return LastKnownState{}, "it " + problem
	}
	switch {
	case head.Version == nil || *head.Version < 1:
		return LastKnownState{}, "it was not written by an initiator (it has no version)"
	case *head.Version > lastKnownVersion:
		return LastKnownState{}, fmt.Sprintf("it is of version %d, and this program knows %d: it was written by a newer one", *head.Version, lastKnownVersion)
	}
	if err := json.Unmarshal(data, &state); err != nil {
		return LastKnownState{}, "it was not written by an initiator (" + strictjson.ExplainDecode(err).Error() + ")"
	}
	return state, ""
}
