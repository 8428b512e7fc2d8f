package task

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Request describes a new task. Pool is required; the zero value of every other
// field takes the default of the pool.
type Request struct {
	ID uuid.UUID `json:"id,omitzero"` // zero = derived from Key, or a new UUIDv7
	// Key makes a submit repeatable: the same pool and key give the same id, and
	// the second submit returns the first task.
	Key      string          `json:"key,omitempty"`
	Pool     string          `json:"pool"`               // "POOL" or "POOL.METHOD"
	Method   string          `json:"method,omitempty"`   // of the pool's worker; "" = the one in Pool
	Data     json.RawMessage `json:"data,omitempty"`     // input of the handler; nil = null
	Priority *int            `json:"priority,omitempty"` // 0–9, higher first; nil = 5
	Delay    Seconds         `json:"delay,omitempty"`    // before the task may run
	At       time.Time       `json:"at,omitzero"`        // earliest start; excludes Delay
	Deadline time.Time       `json:"deadline,omitzero"`  // the task fails at this time; zero = none
	// Unique allows one task with this unique key in the pool at a time: until
	// that task ends, a submit returns it and adds no task.
	Unique string `json:"unique,omitempty"`
	// Callback is an http or https URL. When the task ends, the initiator POSTs
	// the Task to it.
	Callback string `json:"callback,omitempty"`
	// Parent is the running task whose handler submits this task. A cancel of the
	// parent cancels this task too.
	Parent uuid.UUID `json:"parent,omitzero"`

	// The policy of the pool applies where these are nil or 0. See Policy.
	Timeout         *Seconds `json:"timeout,omitempty"`
	ProgressTimeout *Seconds `json:"progress_timeout,omitempty"`
	Attempts        int      `json:"attempts,omitempty"`
	RetryDelay      *Seconds `json:"retry_delay,omitempty"`
	RetryDelayMax   *Seconds `json:"retry_delay_max,omitempty"`
	AtMostOnce      *bool    `json:"at_most_once,omitempty"`
}

// DefaultPriority is the priority of a request without one. It is in the middle, so
// that a request can have a lower or a higher priority.
const DefaultPriority = 5
