package report

import (
	"encoding/json"
)

// State is what people see of a worker. The names and numbers are
// supervisord's, so that its users and their scripts understand them.
type State int

// The states. supervisord's UNKNOWN (1000) does not exist here: the supervisor
// always knows the state.
const (
	Stopped  State = 0   // no process runs, and none should or may run yet
	Starting State = 10  // until the worker is ready and startsecs have passed
	Running  State = 20  // ready, or unready, for example while heartbeats are overdue
	Backoff  State = 30  // the process died; the next start is due at a known time
	Stopping State = 40  // draining, or its processes are being ended
	Exited   State = 100 // the process ended, and the restart policy wants no restart
	Fatal    State = 200 // the restart policy gave up; a person must start the worker again
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

// MarshalJSON writes the name: with a number, every reader would need a table.
func (s State) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// UnmarshalJSON reads a name that MarshalJSON has written. It ignores an
// unknown name.
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
