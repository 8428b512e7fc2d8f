package report

import (
	"fmt"
	"time"
)

// ExitClass sorts the ways in which a process can end. The restart policy reads
// it.
type ExitClass string

// The classes of an exit.
const (
	ExitClean        ExitClass = "clean"         // an exit code that the definition lists in exitcodes
	ExitNonzero      ExitClass = "code"          // any other exit code
	ExitSignal       ExitClass = "signal"        // killed by a signal that the initiator did not send
	ExitStartTimeout ExitClass = "start timeout" // not ready within start_timeout
	ExitUnhealthy    ExitClass = "unhealthy"     // heartbeats overdue, a failed probe, or stuck
	ExitSpawnError   ExitClass = "spawn error"   // no process was started
	ExitOutOfMemory  ExitClass = "out of memory" // killed by the kernel because memory ran out
	ExitPortTaken    ExitClass = "port taken"    // ended at once, and another program has the worker's port
	ExitRequested    ExitClass = "asked"         // ended because the initiator stopped or restarted it: not a death
	ExitUnknown      ExitClass = "unknown"       // ended while no keeper could see how
	ExitKeeperLost   ExitClass = "keeper lost"   // ended because its keeper did: no limit counts it
)

// Exit says how a process ended. The zero value means that no process has ended
// yet.
type Exit struct {
	Class       ExitClass `json:"class,omitempty"`
	Incarnation int       `json:"incarnation,omitempty"`
	Code        int       `json:"code"`             // -1 when killed by a signal
	Signal      string    `json:"signal,omitempty"` // "KILL"
	Core        bool      `json:"core,omitempty"`
	Error       string    `json:"error,omitempty"` // more that is known, for example the error of a spawn
	// Reason is why the initiator stopped or restarted the process; "" = it has
	// ended by itself, or an earlier version has recorded the exit.
	Reason string    `json:"reason,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Lived  string    `json:"lived,omitempty"`
	// Task is the id of the task that ended the worker: it ran alone in it, or
	// the worker was ended because of it; "" = no task, or it is unknown. Such
	// a death does not count against the worker.
	Task string `json:"task,omitempty"`
	// Lasting says that waiting does not heal the error of a spawn: the program,
	// its directory, its user or a permission is missing.
	Lasting bool `json:"lasting,omitempty"`
}

// String returns a clause for a sentence, for example "exit code 3, after
// 1.2s".
func (e Exit) String() string {
	var what string
	switch {
	case e.Class == "":
		return "has not ended yet"
	case e.Class == ExitUnknown:
		what = "exit status unknown"
	case e.Class == ExitSpawnError, e.Class == ExitStartTimeout, e.Class == ExitUnhealthy:
		what = string(e.Class)
	case e.Signal != "":
		what = "killed by SIG" + e.Signal
	default:
		what = fmt.Sprintf("exit code %d", e.Code)
	}
	if e.Class == ExitOutOfMemory || e.Class == ExitPortTaken {
		what += " (" + string(e.Class) + ")"
	}
	if e.Core {
		what += ", core dumped"
	}
	if e.Error != "" {
		what += ": " + e.Error
	}
	if e.Lived != "" {
		what += ", after " + e.Lived
	}
	return what
}
