package lifecycle

import (
	"encoding/json"
	"fmt"
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

// Phase is a row of the table. It is finer than State where the next events
// have different effects. People see the State and the reason, never the Phase.
type Phase int

// The phases, and the State that people see in each.
const (
	PhaseStopped  Phase = iota // STOPPED: no process runs, and none should
	PhaseWaiting               // STOPPED: should run, but a dependency is not met
	PhaseSpawning              // STARTING: the keeper has the order and has not answered
	PhaseStarting              // STARTING: a process runs and is not proven ready
	PhaseReady                 // RUNNING
	PhaseUnready               // RUNNING, but not ready: heartbeats are overdue, a probe failed, or it announced its end
	PhaseDraining              // STOPPING: the worker gets no new tasks, and the running tasks may end
	PhaseEnding                // STOPPING: the keeper has the order to end it; until ProcessesGone
	PhaseClearing              // STOPPING: its main process died, what it left is being ended
	PhaseBackoff               // BACKOFF
	PhaseExited                // EXITED
	PhaseFatal                 // FATAL
	PhaseCount                 // the number of phases
)

var phaseNames = [PhaseCount]string{
	"resting", "waiting", "spawning", "starting", "ready", "unready",
	"draining", "ending", "clearing", "delayed", "over", "fatal",
}

func (p Phase) String() string { return phaseNames[p] }

// shownState returns the State of the phase.
func (p Phase) shownState() State {
	return [PhaseCount]State{
		Stopped, Stopped, Starting, Starting, Running, Running,
		Stopping, Stopping, Stopping, Backoff, Exited, Fatal,
	}[p]
}

// IsRunning reports whether the worker is RUNNING.
func (p Phase) IsRunning() bool { return p == PhaseReady || p == PhaseUnready }

// HasProcess reports whether a process of the worker exists, or may exist.
func (p Phase) HasProcess() bool { return p >= PhaseSpawning && p <= PhaseClearing }

// AtRest reports whether no process runs and none will without a request.
func (p Phase) AtRest() bool { return p == PhaseStopped || p == PhaseExited || p == PhaseFatal }

// MarshalText returns the stored name: the number may change in a later
// version.
func (p Phase) MarshalText() ([]byte, error) { return []byte(phaseNames[p]), nil }

// UnmarshalText reads a name that MarshalText has written.
func (p *Phase) UnmarshalText(text []byte) error {
	for n, name := range phaseNames {
		if name == string(text) {
			*p = Phase(n)
			return nil
		}
	}
	return fmt.Errorf("phase %q is not known", text)
}
