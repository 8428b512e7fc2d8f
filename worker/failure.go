package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// finalError marks an error that another attempt would repeat: data that does
// not fit the handler, an unknown method, a result that is not JSON.
type finalError struct{ error }

// Unwrap returns the marked error.
func (e finalError) Unwrap() error { return e.error }

// failureOutcome makes the outcome that a master gets for a handler's error.
// The cause is the reason for which the context ended, or nil.
func failureOutcome(err, cause error) taskOutcome {
	v := judgeError(err, cause)
	if !v.deliberate {
		return taskOutcome{Result: messageJSON(v.message), Retry: v.retry}
	}
	raw, encodeErr := failureJSON(v.data, v.message, v.retryAfter, v.snoozed)
	if encodeErr != nil {
		return taskOutcome{Result: messageJSON(fmt.Sprintf("%v; the data of the failure cannot be encoded as JSON: %v", err, encodeErr))}
	}
	return taskOutcome{Result: raw, Retry: v.retry, Snoozed: v.snoozed}
}

// errorWords returns the text of an error, with the cause when the text says
// only that a context ended.
func errorWords(err, cause error) string {
	isContext := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	switch {
	case cause == nil || !isContext || errors.Is(err, cause):
		return err.Error()
	case err == context.Canceled || err == context.DeadlineExceeded: //nolint:errorlint // only the bare error says nothing of its own
		return cause.Error()
	}
	return err.Error() + ": " + cause.Error()
}

// callerOutcome makes the outcome that a caller of the direct or chirp listener
// gets for a handler's error. Such a caller knows no attempts: only a failure
// that says so itself may be retried. It gets the data of a deliberate failure
// as the failure has it.
func callerOutcome(err, cause error) taskOutcome {
	v := judgeError(err, cause)
	if v.isRefusal {
		refuse, _ := asError[TaskRefuse](err)
		return taskOutcome{Result: refusalJSON(refuse), Retry: true}
	}
	if v.deliberate {
		if v.data != nil {
			v.message = ""
		}
		raw, encodeErr := failureJSON(v.data, v.message, 0, false)
		if encodeErr != nil {
			return taskOutcome{Result: messageJSON("marshal the data of a failure: " + encodeErr.Error())}
		}
		return taskOutcome{Result: raw, Retry: v.retry}
	}
	if cause != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		err = cause
	}
	return taskOutcome{Result: messageJSON(err.Error())}
}

// asError finds an error of that type, as a value or as a pointer, wherever it
// is wrapped.
func asError[T error](err error) (found T, ok bool) {
	if errors.As(err, &found) {
		return found, true
	}
	var pointer *T
	if errors.As(err, any(&pointer)) && pointer != nil {
		return *pointer, true
	}
	return found, false
}

// failureJSON returns the result of a failure: its data, and the members
// message, retry_after and snooze unless they are empty. Nil data becomes {}, as
// in the original. Data that is no object becomes the member data when there is
// a member beside it. A message in the data takes precedence. The error is that
// of encodeJSON.
func failureJSON(data any, message string, retryAfter time.Duration, snooze bool) (json.RawMessage, error) {
	raw := json.RawMessage("{}")
	if data != nil {
		var err error
		if raw, err = encodeJSON(data); err != nil {
			return nil, err
		}
	}
	if message == "" && retryAfter <= 0 {
		return raw, nil
	}
	members := map[string]json.RawMessage{}
	if json.Unmarshal(raw, &members) != nil || members == nil {
		members = map[string]json.RawMessage{"data": raw}
	}
	if _, said := members["message"]; message != "" && !said {
		members["message"], _ = json.Marshal(message) // a string always marshals
	}
	if retryAfter > 0 {
		members["retry_after"], _ = json.Marshal(retryAfter.Round(time.Millisecond).Seconds())
	}
	if snooze {
		members["snooze"] = json.RawMessage("true")
	}
	return json.Marshal(members)
}

// objectJSON returns data as JSON; nil becomes {}, as in the original.
func objectJSON(data any) json.RawMessage {
	raw, err := failureJSON(data, "", 0, false)
	if err != nil {
		return messageJSON("marshal the data of a failure: " + err.Error())
	}
	return raw
}

// refusalJSON returns the data of a refused task, with retry_after when it is
// set.
func refusalJSON(r TaskRefuse) json.RawMessage {
	raw, err := failureJSON(r.Data, "", r.RetryAfter, false)
	if err != nil {
		return messageJSON("marshal the data of a refusal: " + err.Error())
	}
	return raw
}

// refusalDataOf returns the data for any error of BeforeTask.
func refusalDataOf(err error) json.RawMessage {
	if refuse, ok := asError[TaskRefuse](err); ok {
		return refusalJSON(refuse)
	}
	return messageJSON(err.Error())
}
