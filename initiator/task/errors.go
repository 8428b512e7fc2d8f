package task

import (
	"encoding/json"
	"errors"
	"fmt"
)

// The errors about tasks. errors.Is finds them in the errors of a client, whether
// its initiator is in the same process, on this host or the launcher of this worker.
var (
	// ErrInvalid is wrapped by every error about an invalid request.
	ErrInvalid = errors.New("invalid task")
	// ErrNotFound reports that the task never existed, or that it was dropped
	// after its retention.
	ErrNotFound = errors.New("no such task")
	// ErrUnknownPool reports that no worker definition has the name of the pool.
	ErrUnknownPool = errors.New("no such pool")
	// ErrQueueFull reports that the pool has as many queued tasks as its queue_max
	// allows.
	ErrQueueFull = errors.New("the queue is full")
	// ErrConflict reports that the state of a task does not allow the request.
	ErrConflict = errors.New("not possible in this state")
	// ErrForbidden reports that the task is not open to the worker that asks for it.
	ErrForbidden = errors.New("not open to this worker")
	// ErrStorage reports that the initiator cannot store tasks now: the disk is
	// full, read-only or broken. The initiator tries again every second.
	ErrStorage = errors.New("tasks cannot be stored now; make room, or see to the disk of the state directory")
)

// FailedError is the error of a task that ended in another state than Completed.
type FailedError struct {
	Record Task // as it was at the end
}

// Error says how the task ended and why.
func (e *FailedError) Error() string {
	text := fmt.Sprintf("task %s of %s is %s", e.Record.ID, e.Record.Pool, e.Record.State)
	if e.Record.Reason != "" {
		text += ": " + e.Record.Reason
	}
	return text
}

// Err returns nil for a task that is completed or has not ended, and a *FailedError
// for every other task.
func (t *Task) Err() error {
	if !t.State.Terminal() || t.State == Completed {
		return nil
	}
	return &FailedError{Record: *t}
}

// Decode stores the result in v, as json.Unmarshal does. A result that is missing is
// null.
func (t *Task) Decode(v any) error {
	result := t.Result
	if len(result) == 0 {
		result = json.RawMessage("null")
	}
	if err := json.Unmarshal(result, v); err != nil {
		return fmt.Errorf("decode the result of task %s: %w", t.ID, err)
	}
	return nil
}
