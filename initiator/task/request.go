package task

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"
)

// Request is what a caller asks for. Only Pool is needed; the zero value of
// every other field takes the pool's default.
type Request struct {
	ID       uuid.UUID       `json:"id,omitzero"` // zero: a new UUIDv7, or made from Key
	Key      string          `json:"key,omitempty"`
	Pool     string          `json:"pool"` // "POOL" or "POOL.METHOD"
	Method   string          `json:"method,omitempty"`
	Data     json.RawMessage `json:"data,omitempty"`
	Priority *int            `json:"priority,omitempty"` // 0–9, higher first; nil = 5
	Delay    Seconds         `json:"delay,omitempty"`
	At       time.Time       `json:"at,omitzero"` // instead of Delay
	Deadline time.Time       `json:"deadline,omitzero"`
	// Unique: while a task of the pool with this key is alive, a submit
	// returns that one and adds none.
	Unique string `json:"unique,omitempty"`
	// Callback is an http or https URL that is POSTed the terminal record.
	Callback string `json:"callback,omitempty"`
	// Parent is the running task that submits this one: its cancel is this
	// one's too.
	Parent uuid.UUID `json:"parent,omitzero"`

	Timeout         *Seconds `json:"timeout,omitempty"`
	ProgressTimeout *Seconds `json:"progress_timeout,omitempty"`
	Attempts        int      `json:"attempts,omitempty"`
	RetryDelay      *Seconds `json:"retry_delay,omitempty"`
	RetryDelayMax   *Seconds `json:"retry_delay_max,omitempty"`
}

// DefaultPriority is that of a request which names none: the middle, so that
// there is room on both sides.
const DefaultPriority = 5
