package stream

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/strictjson"
)

// ReplyHeader is the header of the initiator's reply to a request. The reply
// has the identity of the request. Its data is the result of a task that has
// ended, or its progress.
type ReplyHeader struct {
	// Progress marks a progress reply, which another reply follows: k is
	// "progress".
	Progress bool
	// Status is the state of the task, or StatusRefused: s.
	Status string
	// Attempt counts from 1: a.
	Attempt int
	// Task is the id of the task, if it differs from the identity: id.
	Task string
	// Known says that the task existed before it was submitted.
	Known bool
	// Large says that the result is missing, because it is too large for the
	// stream, or because too many bytes wait to be written. The task's record
	// has it.
	Large bool
	// Code and HTTP are the code and the HTTP status with which POST /tasks
	// would have answered a refused request: c, h.
	Code, HTTP int
	// RetryAfter is how long to wait after a refusal; 0 = not given.
	RetryAfter time.Duration
	// Reason says why a task did not complete, or why the request was refused:
	// r.
	Reason string
}

// maxReason is the number of bytes of a reason that are sent.
const maxReason = bounds.StreamReason

// commonStates holds the frequent values of s.
var commonStates = [...]string{StatusCompleted, StatusFailed, StatusRefused, "queued", "running", "cancelled", "dead"}

// Append appends the header to b.
func (r *ReplyHeader) Append(b []byte) []byte {
	if r.Progress {
		b = append(b, `{"k":"progress"`...)
	} else {
		b = appendString(b, `{"s":`, r.Status)
	}
	b = appendNumber(b, `,"a":`, int64(r.Attempt))
	if r.Task != "" {
		b = appendString(b, `,"id":`, r.Task)
	}
	if r.Known {
		b = append(b, `,"known":true`...)
	}
	if r.Large {
		b = append(b, `,"large":true`...)
	}
	b = appendNumber(b, `,"c":`, int64(r.Code))
	b = appendNumber(b, `,"h":`, int64(r.HTTP))
	if r.RetryAfter > 0 {
		b = strconv.AppendFloat(append(b, `,"retry_after":`...), r.RetryAfter.Seconds(), 'f', -1, 64)
	}
	if r.Reason != "" {
		b = appendString(b, `,"r":`, r.Reason[:min(len(r.Reason), maxReason)])
	}
	return append(b, '}')
}

// Parse reads a header, as WorkerHeader.Parse does.
func (r *ReplyHeader) Parse(b []byte) error {
	if r.parseFast(b) {
		return nil
	}
	*r = ReplyHeader{}
	if err := r.parseJSON(b); err != nil {
		return fmt.Errorf("read the header of an answer: %w", err)
	}
	return nil
}

// parseFast reads the reply for a task that has ended. It returns false for
// refusals and progress.
func (r *ReplyHeader) parseFast(b []byte) bool {
	*r = ReplyHeader{}
	return parseObject(b, func(name, b []byte) (rest []byte, ok bool) {
		switch string(name) {
		case "s":
			return cutStringInto(&r.Status, b, guessString(b, commonStates[:]...))
		case "a":
			return cutNumber(&r.Attempt, b)
		case "id":
			return cutStringInto(&r.Task, b, "")
		case "r":
			return cutStringInto(&r.Reason, b, "")
		}
		return nil, false
	})
}

// parseJSON reads any JSON object.
func (r *ReplyHeader) parseJSON(b []byte) error {
	var said struct {
		K          string  `json:"k"`
		S          string  `json:"s"`
		A          int     `json:"a"`
		ID         string  `json:"id"`
		Known      bool    `json:"known"`
		Large      bool    `json:"large"`
		C          int     `json:"c"`
		H          int     `json:"h"`
		RetryAfter float64 `json:"retry_after"`
		R          string  `json:"r"`
	}
	if err := json.Unmarshal(b, &said); err != nil {
		return strictjson.ExplainDecode(err)
	}
	*r = ReplyHeader{
		Progress: said.K == "progress", Status: said.S, Attempt: said.A, Task: said.ID, Known: said.Known,
		Large: said.Large, Code: said.C, HTTP: said.H, RetryAfter: clampSeconds(said.RetryAfter), Reason: said.R,
	}
	return nil
}
