package queue

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// ReasonWaitsForSlot is the reason of a new task. The dispatcher may know a more
// precise reason.
const ReasonWaitsForSlot = "waits for a free slot"

// NewTask checks a request and returns its task, to be added to a Queue. Fields of
// the policy that the request does not set come from pool, the policy of the
// pool. Errors wrap task.ErrInvalid. Any goroutine may call NewTask.
func NewTask(r task.Request, now time.Time, pool task.Policy) (task.Task, error) {
	if err := checkRequest(r, now); err != nil {
		return task.Task{}, fmt.Errorf("%w: %w", task.ErrInvalid, err)
	}
	t := task.Task{
		ID: taskID(r), Key: r.Key, Pool: r.Pool, Method: r.Method, Data: r.Data,
		Priority: task.DefaultPriority, State: task.Queued, Reason: ReasonWaitsForSlot,
		Submitted: now, NotBefore: r.At, Deadline: r.Deadline, Policy: mergePolicy(pool, r),
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

// taskID returns the id of a request: its own id, an id that is the same for every
// request with this pool and key, or a new id.
func taskID(r task.Request) uuid.UUID {
	switch {
	case r.ID != uuid.Nil:
		return r.ID
	case r.Key != "":
		return uuid.NewSHA1(keySpace, []byte(r.Pool+"\x00"+r.Key))
	default:
		return task.NewID()
	}
}

// keySpace is the UUIDv5 name space of keys. It was made once at random. With
// another name space, a known key would give a new task.
var keySpace = uuid.MustParse("5b0c1a86-3f0e-4c3b-9a53-6d0f8f1c2e77")

// mergePolicy returns the policy of a pool with the values of a request.
func mergePolicy(p task.Policy, r task.Request) task.Policy {
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
	if r.AtMostOnce != nil {
		p.AtMostOnce = *r.AtMostOnce
	}
	p.Attempts = max(p.Attempts, 1)
	return p
}

// checkRequest returns an error that names the first invalid field of a request.
// A deadline must be after now.
func checkRequest(r task.Request, now time.Time) error {
	switch {
	case r.Pool == "":
		return errors.New(`"pool" is missing: name the [worker:NAME] that runs the task`)
	case len(r.Data) > bounds.Data:
		return fmt.Errorf(`"data" has %d bytes; at most %d: write the data to a file, and give the task the path`, len(r.Data), bounds.Data)
	case len(r.Key) > bounds.Key:
		return fmt.Errorf(`"key" has %d bytes; at most %d`, len(r.Key), bounds.Key)
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
	case len(r.Unique) > bounds.Key:
		return fmt.Errorf(`"unique" has %d bytes; at most %d`, len(r.Unique), bounds.Key)
	case r.Attempts < 0:
		return fmt.Errorf(`"attempts" is %d; at least 1`, r.Attempts)
	case !r.Deadline.IsZero() && !r.Deadline.After(now):
		return fmt.Errorf(`"deadline" %s has already passed`, r.Deadline.Format(time.RFC3339))
	}
	if err := checkPayload("data", r.Data); err != nil {
		return err
	}
	if err := checkDeadline(r, now); err != nil {
		return err
	}
	return checkCallback(r.Callback)
}

// checkPayload returns an error when a member of a request or a record is no JSON,
// or is nested too deep: encoding/json could not read it again inside the record
// of its task. An empty text is valid.
func checkPayload(member string, text []byte) error {
	if err := bounds.CheckNesting(text); err != nil {
		return fmt.Errorf("%q: %w", member, err)
	}
	if len(text) > 0 && !json.Valid(text) {
		return fmt.Errorf("%q is not JSON", member)
	}
	return nil
}

// checkDeadline returns an error when the task of a request could never start: its
// deadline is not after its earliest start.
func checkDeadline(r task.Request, now time.Time) error {
	start, cause := r.At, `"at" is`
	if r.Delay > 0 {
		start, cause = now.Add(r.Delay.Duration()), `"delay" ends at`
	}
	if r.Deadline.IsZero() || start.IsZero() || r.Deadline.After(start) {
		return nil
	}
	return fmt.Errorf(`"deadline" %s is not after the start of the task: %s %s; choose a later deadline or an earlier start`,
		r.Deadline.Format(time.RFC3339), cause, start.Format(time.RFC3339))
}

// checkCallback returns an error when text is neither empty nor the URL of a
// callback.
func checkCallback(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case len(text) > bounds.CallbackURL:
		return fmt.Errorf(`"callback" has %d bytes; at most %d`, len(text), bounds.CallbackURL)
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return errors.New(`"callback" is not an http or https URL; write http://HOST/PATH or https://HOST/PATH`)
	case u.User != nil:
		return errors.New(`"callback" holds a user name or password, and every record of the task would show it; remove it: callbacks are signed`)
	}
	return nil
}
