package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// taskOutcome is how a task ended.
type taskOutcome struct {
	// Completed is false for a failure.
	Completed bool
	// Result is JSON; nil stands for null.
	Result json.RawMessage
	// Retry says that another attempt at a failed task may succeed.
	Retry bool
}

// failureOutcome makes an outcome from a handler's error. The cause is the
// reason for which the context was cancelled, or nil. It replaces "context
// canceled", which says less.
func failureOutcome(err, cause error) taskOutcome {
	if fail, ok := asError[TaskFail](err); ok {
		return taskOutcome{Result: objectJSON(fail.Data), Retry: fail.Retry}
	}
	if refuse, ok := asError[TaskRefuse](err); ok {
		return taskOutcome{Result: refusalJSON(refuse), Retry: true}
	}
	if cause != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		err = cause
	}
	return taskOutcome{Result: messageJSON(err)}
}

// asError finds an error that was returned as a value or as a pointer.
func asError[T error](err error) (T, bool) {
	var value T
	if errors.As(err, &value) {
		return value, true
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if pointer, ok := any(e).(*T); ok && pointer != nil {
			return *pointer, true
		}
	}
	return value, false
}

// messageJSON returns the result of a failure without data of its own.
func messageJSON(err error) json.RawMessage {
	raw, _ := json.Marshal(map[string]string{"message": err.Error()})
	return raw
}

// objectJSON returns data as JSON; nil becomes {}, as in the original.
func objectJSON(data any) json.RawMessage {
	if data == nil {
		return json.RawMessage("{}")
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return messageJSON(fmt.Errorf("marshal the data of a failure: %w", err))
	}
	return raw
}

// refusalJSON returns the data of a refused task, with retry_after when it is
// set.
func refusalJSON(r TaskRefuse) json.RawMessage {
	raw := objectJSON(r.Data)
	if r.RetryAfter <= 0 {
		return raw
	}
	members := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &members) != nil || members == nil {
		members = map[string]json.RawMessage{"data": raw}
	}
	members["retry_after"], _ = json.Marshal(r.RetryAfter.Round(time.Millisecond).Seconds())
	raw, _ = json.Marshal(members) // the members are JSON already
	return raw
}

// refusalDataOf returns the data for any error of BeforeTask.
func refusalDataOf(err error) json.RawMessage {
	if refuse, ok := asError[TaskRefuse](err); ok {
		return refusalJSON(refuse)
	}
	return messageJSON(err)
}
