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

// News describes the task as it is now.
func (t *Task) News(now time.Time) Event {
	n := Event{ID: t.ID, Pool: t.Pool, Method: t.Method, At: now, State: t.State, Reason: t.Reason, Attempt: t.Attempt, Try: t.Tries()}
	if len(t.History) > 0 {
		n.Worker = t.History[len(t.History)-1].Worker
	}
	switch {
	case t.State == Running:
		n.Progress = t.Progress
	case t.State.Terminal():
		n.Result = t.Result
	}
	return n
}

// StateMark names the state that the news is of, so that whoever has seen it can
// say so: two states of a task with the same mark are one.
func (n *Event) StateMark() string { return strconv.Itoa(n.Try) + "-" + string(n.State) }
