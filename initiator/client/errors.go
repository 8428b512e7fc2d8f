package client

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/webhook"
)

// ErrUnreachable is found by errors.Is in every error that says that no initiator
// answers: *UnreachableError and *OutageError.
var ErrUnreachable = errors.New("no initiator answers")

// ErrUnknownWorker is found by errors.Is in the error of a request that names a
// worker, group or definition that does not exist.
var ErrUnknownWorker = errors.New("no such worker")

// ErrClosed is the error of a request that was made after Close, and is wrapped by
// the error of a request that Close ended.
var ErrClosed = errors.New("the client is closed")

// Error is the initiator's refusal of a request.
type Error struct {
	Status  int    // of HTTP, also when the request came over a stream
	Code    int    // of the envelope; 0 = the answer had no envelope
	Message string // for people; it says what to do
	// RetryAfter is how long to wait before the request is repeated; 0 = the
	// initiator did not say.
	RetryAfter time.Duration
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Is reports whether the target is the sentinel of the code: task.ErrInvalid,
// ErrNotFound, ErrUnknownPool, ErrQueueFull, ErrConflict, ErrForbidden or
// ErrStorage, or ErrUnknownWorker. It also lets errors.Is(err, &Error{Status: 404})
// compare the status alone; a Code in the target is compared as well.
func (e *Error) Is(target error) bool {
	if t, ok := target.(*Error); ok {
		return t.Status == e.Status && (t.Code == 0 || t.Code == e.Code)
	}
	sentinel := sentinels[e.Code]
	return sentinel != nil && target == sentinel
}

// sentinels are the errors for which a code of a refusal stands.
var sentinels = map[int]error{
	webhook.BadBody.Number:       task.ErrInvalid,
	webhook.UnknownTask.Number:   task.ErrNotFound,
	webhook.UnknownPool.Number:   task.ErrUnknownPool,
	webhook.UnknownWorker.Number: ErrUnknownWorker,
	webhook.QueueFull.Number:     task.ErrQueueFull,
	webhook.Conflict.Number:      task.ErrConflict,
	webhook.Forbidden.Number:     task.ErrForbidden,
	webhook.StorageFailed.Number: task.ErrStorage,
}

// UnreachableError says that no initiator answers on a socket. Err wraps
// fs.ErrNotExist when there is no socket, ECONNREFUSED when no process listens on
// it, and fs.ErrPermission when this user may not open it.
type UnreachableError struct {
	Socket string // the path, or the URL
	Err    error
}

// Error names the socket.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("no initiator answers on %s", e.Socket)
}

// Unwrap returns Err.
func (e *UnreachableError) Unwrap() error { return e.Err }

// Is reports whether target is ErrUnreachable.
func (e *UnreachableError) Is(target error) bool { return target == ErrUnreachable }

// PartialError says that a request was carried out, and which workers are not in
// the state that was requested. The result beside it is complete.
type PartialError struct {
	Message string // a line for each worker
}

// Error returns the message.
func (e *PartialError) Error() string { return e.Message }

// newPartialError returns err, or an error for the message that an answer has
// beside its result; "" = none.
func newPartialError(err error, message string) error {
	if err == nil && message != "" {
		return &PartialError{message}
	}
	return err
}

// LostConnectionError says that the connection was lost before the reply came, and
// that no other connection could be opened, or that the initiator does not know
// the task there. Whether the initiator took the request is unknown. It is safe to
// submit the task again with the same ID or Key: as long as the initiator keeps
// the record, it is the same task.
type LostConnectionError struct {
	Task uuid.UUID // zero when the key makes the task's id
	Err  error     // the failure of the connection, or the initiator's answer
}

// Error names the task, and says what failed.
func (e *LostConnectionError) Error() string {
	if e.Task == uuid.Nil {
		return fmt.Sprintf("the connection to the initiator was lost: %v", e.Err)
	}
	return fmt.Sprintf("the connection to the initiator was lost while task %s was under way: %v", e.Task, e.Err)
}

// Unwrap returns Err.
func (e *LostConnectionError) Unwrap() error { return e.Err }
