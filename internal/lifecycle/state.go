package lifecycle

import (
	"encoding/json"
	"fmt"
)

// State is what a person is told about a worker. The names and numbers are
// supervisord's, so that its users and their scripts feel at home.
type State int

// The states. UNKNOWN (1000) of supervisord does not exist here: the loop
// always knows.
const (
	Stopped  State = 0   // nothing runs, and nothing should or may yet
	Starting State = 10  // until ready and startsecs have passed
	Running  State = 20  // ready, or unready while heartbeats are overdue
	Backoff  State = 30  // died; the next start is due at a known time
	Stopping State = 40  // draining, being ended, or leftovers being ended
	Exited   State = 100 // ended, and the law says to leave it at that
	Fatal    State = 200 // the law gave up; a person must start it again
)

var stateNames = map[State]string{
	Stopped: "STOPPED", Starting: "STARTING", Running: "RUNNING", Backoff: "BACKOFF",
	Stopping: "STOPPING", Exited: "EXITED", Fatal: "FATAL",
}

// String returns supervisord's name of the state.
func (s State) String() string {
	if name, ok := stateNames[s]; ok {
		return name
	}
	return "UNKNOWN"
}

// MarshalJSON writes the name; a number would make every reader keep a table.
func (s State) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads a name that MarshalJSON wrote.
func (s *State) UnmarshalJSON(data []byte) error {
	var name string
	if err := json.Unmarshal(data, &name); err != nil {
		return err
	}
	for state, n := range stateNames {
		if n == name {
			*s = state
		}
	}
	return nil
}

// Phase is a row of the table. It is finer than State where what may happen
// next differs, and it is never shown: people see the state and its reason.
type Phase int

const (
	PhaseStopped  Phase = iota // STOPPED: nothing runs, nobody wants it
	PhaseWaiting               // STOPPED: wanted, but something it comes after is missing
	PhaseSpawning              // STARTING: the keeper was asked, and has not answered
	PhaseStarting              // STARTING: a process runs and is not yet proven
	PhaseReady                 // RUNNING
	PhaseUnready               // RUNNING, but heartbeats are overdue or it said it is going
	PhaseDraining              // STOPPING: no new tasks, the running ones may end
	PhaseEnding                // STOPPING: the keeper was told to end it; until Emptied
	PhaseClearing              // STOPPING: its leader died, its leftovers are being ended
	PhaseBackoff               // BACKOFF
	PhaseExited                // EXITED
	PhaseFatal                 // FATAL
	PhaseCount                 // how many there are
)

var phaseNames = [PhaseCount]string{
	"resting", "waiting", "spawning", "starting", "ready", "unready",
	"draining", "ending", "clearing", "delayed", "over", "fatal",
}

func (p Phase) String() string { return phaseNames[p] }

// shownState is what people are shown for each row.
func (p Phase) shownState() State {
	return [PhaseCount]State{
		Stopped, Stopped, Starting, Starting, Running, Running,
		Stopping, Stopping, Stopping, Backoff, Exited, Fatal,
	}[p]
}

// IsRunning reports whether the worker is RUNNING.
func (p Phase) IsRunning() bool { return p == PhaseReady || p == PhaseUnready }

// HasProcess reports whether a process of the worker exists, or may.
func (p Phase) HasProcess() bool { return p >= PhaseSpawning && p <= PhaseClearing }

// AtRest reports whether nothing runs and nothing will without a request.
func (p Phase) AtRest() bool { return p == PhaseStopped || p == PhaseExited || p == PhaseFatal }

// MarshalText names a phase: its number may be another in a later version.
func (p Phase) MarshalText() ([]byte, error) { return []byte(phaseNames[p]), nil }

// UnmarshalText reads a name that MarshalText wrote.
func (p *Phase) UnmarshalText(text []byte) error {
	for n, name := range phaseNames {
		if name == string(text) {
			*p = Phase(n)
			return nil
		}
	}
	return fmt.Errorf("phase %q is not known", text)
}
