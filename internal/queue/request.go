package task

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
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

// MaxKey is the length of the longest key a caller may choose, in bytes.
const MaxKey = 255

// MaxData is the length of the longest data, in bytes: a record has to be read
// into memory whole.
const MaxData = 256 << 20

// ReasonWaitsForSlot is the reason of a queued task that nothing else is known of.
const ReasonWaitsForSlot = "waits for a free slot"

// ErrInvalid is wrapped by every error that says a request is wrong in itself.
var ErrInvalid = errors.New("invalid task")

// Task checks the request and makes the record that is queued, with the
// pool's policy where the request is silent.
func (r Request) Task(now time.Time, pool Policy) (Task, error) {
	if err := r.check(now); err != nil {
		return Task{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	t := Task{
		ID: r.identity(), Key: r.Key, Pool: r.Pool, Method: r.Method, Data: r.Data,
		Priority: DefaultPriority, State: Queued, Reason: ReasonWaitsForSlot,
		Submitted: now, NotBefore: r.At, Deadline: r.Deadline, Policy: r.policy(pool),
		Unique: r.Unique, Callback: r.Callback, Parent: r.Parent,
	}
	if r.Priority != nil {
		t.Priority = *r.Priority
	}
	if r.Delay > 0 {
		t.NotBefore = now.Add(r.Delay.Duration())
	}
	if len(t.Data) == 0 {
		t.Data = json.RawMessage("null")
	}
	return t, nil
}

// identity makes one task of two submissions with the same key.
func (r Request) identity() uuid.UUID {
	switch {
	case r.ID != uuid.Nil:
		return r.ID
	case r.Key != "":
		return uuid.NewSHA1(keySpace, []byte(r.Pool+"\x00"+r.Key))
	default:
		return NewID()
	}
}

// keySpace is the UUIDv5 name space of callers' keys. It is ours alone, made
// once at random: changing it would make old keys new tasks.
var keySpace = uuid.MustParse("5b0c1a86-3f0e-4c3b-9a53-6d0f8f1c2e77")

func (r Request) policy(p Policy) Policy {
	if r.Timeout != nil {
		p.Timeout = *r.Timeout
	}
	if r.ProgressTimeout != nil {
		p.ProgressTimeout = *r.ProgressTimeout
	}
	if r.Attempts > 0 {
		p.Attempts = r.Attempts
	}
	if r.RetryDelay != nil {
		p.RetryDelay = *r.RetryDelay
	}
	if r.RetryDelayMax != nil {
		p.RetryDelayMax = *r.RetryDelayMax
	}
	p.Attempts = max(p.Attempts, 1)
	return p
}

func (r Request) check(now time.Time) error {
	switch {
	case r.Pool == "":
		return errors.New(`"pool" is missing: name the [worker:NAME] that is to run it`)
	case len(r.Data) > MaxData:
		return fmt.Errorf(`"data" has %d bytes; at most %d: put it into a file, and its name into the task`, len(r.Data), MaxData)
	case len(r.Key) > MaxKey:
		return fmt.Errorf(`"key" has %d bytes; at most %d`, len(r.Key), MaxKey)
	case r.Priority != nil && (*r.Priority < 0 || *r.Priority > 9):
		return fmt.Errorf(`"priority" is %d; it goes from 0 to 9, higher first`, *r.Priority)
	case r.Delay < 0:
		return fmt.Errorf(`"delay" is %v; it cannot be negative`, r.Delay.Duration())
	case r.Delay > 0 && !r.At.IsZero():
		return errors.New(`"delay" and "at" are both given; choose one`)
	case r.Timeout != nil && *r.Timeout < 0:
		return fmt.Errorf(`"timeout" is %v; it cannot be negative (0 = none)`, r.Timeout.Duration())
	case r.ProgressTimeout != nil && *r.ProgressTimeout < 0:
		return fmt.Errorf(`"progress_timeout" is %v; it cannot be negative (0 = none)`, r.ProgressTimeout.Duration())
	case len(r.Unique) > MaxKey:
		return fmt.Errorf(`"unique" has %d bytes; at most %d`, len(r.Unique), MaxKey)
	case r.Attempts < 0:
		return fmt.Errorf(`"attempts" is %d; at least 1`, r.Attempts)
	case !r.Deadline.IsZero() && !r.Deadline.After(now):
		return fmt.Errorf(`"deadline" %s has already passed`, r.Deadline.Format(time.RFC3339))
	case len(r.Data) > 0 && !json.Valid(r.Data):
		return errors.New(`"data" is not JSON`)
	}
	return checkCallback(r.Callback)
}

// maxCallback is the length of the longest callback, in bytes.
const maxCallback = 2000

func checkCallback(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case len(text) > maxCallback:
		return fmt.Errorf(`"callback" has %d bytes; at most %d`, len(text), maxCallback)
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New(`"callback" is no URL that can be called; write http://HOST/PATH or https://HOST/PATH`)
	case u.User != nil:
		return errors.New(`"callback" holds a password, which would stand in every record; it is signed instead: leave it out`)
	}
	return nil
}
