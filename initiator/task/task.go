package task

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// State is where a task is in its life.
//
//	queued → running → completed | failed | cancelled
//	   ↑        │
//	   └────────┘ refused, timed out, worker lost, retryable failure;
//	              when its attempts are used up: dead
type State string

// The states of a task. The last four are terminal.
const (
	Queued    State = "queued"
	Running   State = "running"
	Completed State = "completed"
	Failed    State = "failed"
	Cancelled State = "cancelled"
	Dead      State = "dead"
)

// Terminal says whether a task in this state has ended for good.
func (s State) Terminal() bool {
	return s == Completed || s == Failed || s == Cancelled || s == Dead
}

// Valid says whether s is one of the states above.
func (s State) Valid() bool {
	return s == Queued || s == Running || s.Terminal()
}

// Task is the whole record of one unit of work. Data and Result are JSON as it
// came, never decoded here.
type Task struct {
	ID       uuid.UUID       `json:"id"`
	Key      string          `json:"key,omitempty"`
	Pool     string          `json:"pool"`
	Method   string          `json:"method,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
	Priority int             `json:"priority"`
	// Unique is the key under which at most one task of the pool is alive.
	Unique string `json:"unique,omitempty"`
	// Parent is the task whose handler has submitted this one.
	Parent uuid.UUID `json:"parent,omitzero"`
	// Callback is the URL that is POSTed the terminal record, and
	// CallbackState what has become of that: CallbackPending,
	// CallbackDelivered, or in words why it was given up.
	Callback      string `json:"callback,omitempty"`
	CallbackState string `json:"callback_state,omitempty"`
	// Known says of the answer to a submit that the task was there already.
	// It is not kept.
	Known bool `json:"known,omitempty"`

	State State `json:"state"`
	// Reason says in words why the task is in this state.
	Reason string `json:"reason,omitempty"`

	// Attempt counts the attempts that were paid for, the running one included.
	Attempt int `json:"attempt"`
	// Policy is what the pool and the request together allow.
	Policy Policy `json:"policy"`

	Submitted time.Time `json:"submitted"`
	// NotBefore delays a queued task; zero = may run now.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Deadline ends the task wherever it is; zero = none.
	Deadline time.Time `json:"deadline,omitzero"`
	Started  time.Time `json:"started,omitzero"` // of the newest attempt
	Ended    time.Time `json:"ended,omitzero"`

	// Result is what the handler answered, also that of a failure.
	Result json.RawMessage `json:"result,omitempty"`
	// Progress is what the running handler last said of itself.
	Progress json.RawMessage `json:"progress,omitempty"`

	// History holds the newest hundred tries, oldest first.
	History []Attempt `json:"history,omitempty"`
}

// States of a callback; another one is the reason why it was given up.
const (
	CallbackPending   = "pending"
	CallbackDelivered = "delivered"
)

// Policy is what a task may cost: defaults of its pool, overridden by its request.
type Policy struct {
	Timeout Seconds `json:"timeout,omitempty"` // of one attempt; 0 = none
	// ProgressTimeout is how long an attempt may run without progress; 0 = any time.
	ProgressTimeout Seconds `json:"progress_timeout,omitempty"`
	Attempts        int     `json:"attempts"` // at least 1
	RetryDelay      Seconds `json:"retry_delay,omitempty"`
	RetryDelayMax   Seconds `json:"retry_delay_max,omitempty"`
	RetryJitter     float64 `json:"retry_jitter,omitempty"`
}

// Attempt is one try to run a task, in its history.
type Attempt struct {
	N           int       `json:"attempt"`
	Try         int       `json:"try"`    // counts also what cost no attempt; never comes again
	Worker      string    `json:"worker"` // guid
	Incarnation int       `json:"incarnation"`
	Start       time.Time `json:"start"`
	End         time.Time `json:"end,omitzero"`
	Outcome     Outcome   `json:"outcome,omitempty"` // empty while it runs
	Error       string    `json:"error,omitempty"`
}

// Tries is the number of the newest try, 0 if there has been none.
func (t *Task) Tries() int {
	if len(t.History) == 0 {
		return 0
	}
	return t.History[len(t.History)-1].Try
}

// LastOutcome returns how the newest attempt ended, "" if none has.
func (t *Task) LastOutcome() Outcome {
	if len(t.History) == 0 {
		return ""
	}
	return t.History[len(t.History)-1].Outcome
}
