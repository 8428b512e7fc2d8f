package task

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Event reports a change of a task's state, or progress of a running task.
type Event struct {
	ID     uuid.UUID `json:"id"`
	Pool   string    `json:"pool"`
	Method string    `json:"method,omitempty"`
	At     time.Time `json:"at"`
	State  State     `json:"state"`
	Reason string    `json:"reason,omitempty"`
	// Attempt and Try count as in Task; Worker is the guid of the worker that has
	// the newest try, "" when there has been no try.
	Attempt int    `json:"attempt"`
	Try     int    `json:"try,omitempty"`
	Worker  string `json:"worker,omitempty"`
	// Progress is the newest report of the running handler, as it sent it.
	Progress json.RawMessage `json:"progress,omitempty"`
	// Output is the newest part of the output of the newest try; nil = the event
	// reports no output.
	Output *Output `json:"output,omitempty"`
	// Result is the result of a terminal task.
	Result json.RawMessage `json:"result,omitempty"`
	// Ended is the newest try of a queued task, nil when there has been no try or
	// in another state. Only beside it, Attempts is the most attempts of the task,
	// and NotBefore the earliest start of the next try.
	Ended     *Attempt  `json:"ended,omitempty"`
	Attempts  int       `json:"attempts,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
}

// StateMark returns a text that identifies the state of the task in this event. A
// client that reconnects sends the mark of the last state it received, so that the
// initiator does not send that state again. Two states of a task with the same
// mark are the same state.
func (n *Event) StateMark() string { return strconv.Itoa(n.Try) + "-" + string(n.State) }
