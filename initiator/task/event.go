package task

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"initiator/proactor"
)

// Event is what has happened to a task: a change of its state, or progress
// within one.
type Event struct {
	ID     uuid.UUID `json:"id"`
	Pool   string    `json:"pool"`
	Method string    `json:"method,omitempty"`
	At     time.Time `json:"at"`
	State  State     `json:"state"`
	Reason string    `json:"reason,omitempty"`
	// Attempt and Try count as in the record; Worker has the newest try.
	Attempt int    `json:"attempt"`
	Try     int    `json:"try,omitempty"`
	Worker  string `json:"worker,omitempty"`
	// Progress is what a running handler says of itself.
	Progress json.RawMessage `json:"progress,omitempty"`
	// Output is what the newest try has written, a part of it; nil = this is
	// no news of that.
	Output *proactor.TaskOutput `json:"output,omitempty"`
	// Result is that of a terminal task.
	Result json.RawMessage `json:"result,omitempty"`
}

// StateMark names the state that the news is of, so that whoever has seen it can
// say so: two states of a task with the same mark are one.
func (n *Event) StateMark() string { return strconv.Itoa(n.Try) + "-" + string(n.State) }
