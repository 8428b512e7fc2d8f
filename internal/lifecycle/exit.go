package lifecycle

import (
	"fmt"
	"time"
)

// ExitClass sorts the ways in which a process can end. The restart law reads it.
type ExitClass string

// The classes. An end that we asked for has none: it is no death.
const (
	ExitClean        ExitClass = "clean"         // an exit code that the spec lists
	ExitNonzero      ExitClass = "code"          // any other exit code
	ExitSignal       ExitClass = "signal"        // killed by a signal, not by us
	ExitStartTimeout ExitClass = "start timeout" // not ready within start_timeout
	ExitUnhealthy    ExitClass = "unhealthy"     // heartbeats overdue, or stuck
	ExitSpawnError   ExitClass = "spawn error"   // there never was a process
	ExitOutOfMemory  ExitClass = "out of memory" // killed by the kernel for want of memory
	ExitPortTaken    ExitClass = "port taken"    // gone at once, and a stranger has its port
	ExitRequested    ExitClass = "asked"         // ended on our own request
	ExitUnknown      ExitClass = "unknown"       // ended when nobody was there to learn how
)

// Exit says how a process ended. The zero value: none has ended yet.
type Exit struct {
	Class       ExitClass `json:"class,omitempty"`
	Incarnation int       `json:"incarnation,omitempty"`
	Code        int       `json:"code"`             // -1 when killed by a signal
	Signal      string    `json:"signal,omitempty"` // "KILL"
	Core        bool      `json:"core,omitempty"`
	Error       string    `json:"error,omitempty"` // what else is known, as of a spawn error
	At          time.Time `json:"at,omitzero"`
	Lived       string    `json:"lived,omitempty"`
}

// String is one clause for a sentence: "exit code 3 after 1.2s".
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

// EndCause says why we are ending a process, which decides what follows.
type EndCause int

const (
	endedItself       EndCause = iota // it ended without us: the law judges
	endedToStop                       // a stop: no death
	endedToRestart                    // a restart or a recycling: no death
	endedStartTimeout                 // start_timeout: the law judges
	endedUnhealthy                    // unhealthy: the law judges
)

var causeNames = [...]string{"itself", "stop", "restart", "slow", "sick"}

// MarshalText names a cause, as for a phase.
func (c EndCause) MarshalText() ([]byte, error) { return []byte(causeNames[c]), nil }

// UnmarshalText reads a name that MarshalText wrote.
func (c *EndCause) UnmarshalText(text []byte) error {
	for n, name := range causeNames {
		if name == string(text) {
			*c = EndCause(n)
			return nil
		}
	}
	return fmt.Errorf("cause %q is not known", text)
}
