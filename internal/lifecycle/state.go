package lifecycle

import (
	"fmt"

	"initiator/initiator/report"
)

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
func (p Phase) shownState() report.State {
	return [PhaseCount]report.State{
		report.Stopped, report.Stopped, report.Starting, report.Starting, report.Running, report.Running,
		report.Stopping, report.Stopping, report.Stopping, report.Backoff, report.Exited, report.Fatal,
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
