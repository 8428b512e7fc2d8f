package task

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// State is the state of a task.
//
//	queued → running → completed | failed | cancelled
//	   ↑        │
//	   └────────┘ refused, timed out, worker lost, interrupted, retryable failure;
//	              when the attempts are used up: dead
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

// Terminal reports whether a task in this state has ended. Only a retry by a caller
// queues it again.
func (s State) Terminal() bool {
	return s == Completed || s == Failed || s == Cancelled || s == Dead
}

// Valid reports whether s is one of the states above.
func (s State) Valid() bool {
	return s == Queued || s == Running || s.Terminal()
}

// Task is the record of one unit of work. Data, Result and Progress are the JSON
// texts that the caller or the handler sent; the initiator never decodes them.
type Task struct {
	ID       uuid.UUID       `json:"id"`
	Key      string          `json:"key,omitempty"`
	Pool     string          `json:"pool"`
	Method   string          `json:"method,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
	Priority int             `json:"priority"`
	// Unique is the unique key: the pool has at most one task with this key that
	// has not ended; "" = none.
	Unique string `json:"unique,omitempty"`
	// Parent is the task whose handler submitted this task; zero = none.
	Parent uuid.UUID `json:"parent,omitzero"`
	// SubmittedBy is the pool whose worker submitted this task with its own token;
	// "" = a client with the authority of the API. Workers of that pool may read and
	// cancel the task.
	SubmittedBy string `json:"submitted_by,omitempty"`
	// Callback is the URL to which the initiator POSTs the task when it ends; ""
	// = none. CallbackState is CallbackPending, CallbackDelivered, or the reason
	// why the callback was given up; "" before the end of the task.
	Callback      string `json:"callback,omitempty"`
	CallbackState string `json:"callback_state,omitempty"`
	// Known is set only in the answer to a submit: the task existed already. It
	// is not stored.
	Known bool `json:"known,omitempty"`

	State State `json:"state"`
	// Reason says, for people, why the task is in this state.
	Reason string `json:"reason,omitempty"`

	// Attempt is the number of attempts that were charged to the task, the
	// running attempt included.
	Attempt int `json:"attempt"`
	// Interruptions is the number of interrupted attempts since the submit or
	// the last retry by a caller. See OutcomeInterrupted.
	Interruptions int `json:"interruptions,omitempty"`
	// Suspicion is the mark of a task that may have ended a worker.
	Suspicion Suspicion `json:"suspicion,omitzero"`
	// Policy is the policy of the pool with the values of the request.
	Policy Policy `json:"policy"`

	Submitted time.Time `json:"submitted"`
	// NotBefore is the earliest start of a queued task; zero = now.
	NotBefore time.Time `json:"not_before,omitzero"`
	// Deadline is when a queued or running task fails; zero = none.
	Deadline time.Time `json:"deadline,omitzero"`
	Started  time.Time `json:"started,omitzero"` // of the newest try
	Ended    time.Time `json:"ended,omitzero"`   // of the task; zero = not ended

	// Result is the answer of the handler, also when the task failed.
	Result json.RawMessage `json:"result,omitempty"`
	// Progress is the newest report of the running handler. It is not stored.
	Progress json.RawMessage `json:"progress,omitempty"`

	// History has the newest 100 tries, oldest first.
	History []Attempt `json:"history,omitempty"`
}

// States of a callback. Every other text is the reason why it was given up.
const (
	CallbackPending   = "pending"
	CallbackDelivered = "delivered"
)

// Policy limits the attempts of a task. The pool has a policy, and a request can
// replace its values, except for RetryJitter.
type Policy struct {
	Timeout Seconds `json:"timeout,omitempty"` // of one attempt; 0 = none
	// ProgressTimeout is the longest time of an attempt without progress; 0 = no
	// limit.
	ProgressTimeout Seconds `json:"progress_timeout,omitempty"`
	// Attempts is the most attempts that are charged to the task, at least 1.
	Attempts int `json:"attempts"`
	// AtMostOnce forbids a second attempt once an attempt has reached a worker,
	// however that attempt ended. Attempts then limits nothing.
	AtMostOnce bool `json:"at_most_once,omitempty"`
	// RetryDelay is the delay after the first attempt. It doubles after each
	// attempt, up to RetryDelayMax; a RetryDelayMax of 0 means 30 days.
	// RetryJitter, from 0 to 1, is the share by which a delay varies at random.
	RetryDelay    Seconds `json:"retry_delay,omitempty"`
	RetryDelayMax Seconds `json:"retry_delay_max,omitempty"`
	RetryJitter   float64 `json:"retry_jitter,omitempty"`
}

// Attempt is one try to run a task, as an entry of its history.
type Attempt struct {
	// N is the number of the attempt, from 1. Tries that cost no attempt repeat
	// the number.
	N           int       `json:"attempt"`
	Try         int       `json:"try"`    // number of the try, from 1; never repeats in a task
	Worker      string    `json:"worker"` // guid
	Incarnation int       `json:"incarnation"`
	Start       time.Time `json:"start"`
	End         time.Time `json:"end,omitzero"`
	Outcome     Outcome   `json:"outcome,omitempty"` // empty while it runs
	Error       string    `json:"error,omitempty"`
}

// Tries returns the number of the newest try, 0 when there has been no try.
func (t *Task) Tries() int {
	if len(t.History) == 0 {
		return 0
	}
	return t.History[len(t.History)-1].Try
}

// LastOutcome returns the outcome of the newest try, "" when it still runs or when
// there has been no try.
func (t *Task) LastOutcome() Outcome {
	if len(t.History) == 0 {
		return ""
	}
	return t.History[len(t.History)-1].Outcome
}
