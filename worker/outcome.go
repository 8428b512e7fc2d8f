package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"initiator/internal/bounds"
)

// taskOutcome is how a task ended.
type taskOutcome struct {
	// Completed is false for a failure.
	Completed bool
	// Result is JSON; nil stands for null.
	Result json.RawMessage
	// Retry says that another attempt at a failed task may succeed.
	Retry bool
	// Stopped says that a task failed because the worker stops. It is handed
	// back to the master, and the failure costs no attempt. Retry is also set.
	Stopped bool
	// Snoozed says that the handler has put off the task. Retry is also set.
	Snoozed bool

	undeliverable bool // the master has refused another outcome of the task
}

// encodeJSON encodes a value that a handler returns. Unlike json.Marshal it
// turns a panic of a MarshalJSON method into an error, and refuses bytes that
// are not UTF-8, which a json.RawMessage may hold, and nesting deeper than
// bounds.Nesting: a master refuses both.
func encodeJSON(value any) (raw json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			raw, err = nil, fmt.Errorf("panic: %v", p)
		}
	}()
	if raw, err = json.Marshal(value); err == nil && !utf8.Valid(raw) {
		return nil, errors.New("it is not UTF-8")
	}
	if err == nil {
		err = bounds.CheckNesting(raw)
	}
	return raw, err
}

// messageJSON returns the result of a failure without data of its own.
func messageJSON(message string) json.RawMessage {
	raw, _ := json.Marshal(map[string]string{"message": message}) // a map of strings always marshals
	return raw
}
