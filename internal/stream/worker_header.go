package stream

import (
	"encoding/json"
	"strconv"
	"time"
)

// MaxPayload is the largest payload, in bytes, that travels on a stream. Larger
// ones go by webhook, so that nothing holds up heartbeats and cancels.
const MaxPayload = 1 << 20

// MaxMessage is the most bytes that header and data of a message may have.
const MaxMessage = MaxPayload + 1<<16

// Kind is what a message is about.
type Kind uint8

// The kinds of messages. The first two have no member k.
const (
	// KindTask is one attempt at a task, to a worker: m, a, d, t.
	KindTask Kind = iota
	// KindAnswer is how it ended, or that it was not taken: s, a, c, retry,
	// retry_after. The data is the result.
	KindAnswer
	// KindCancel asks a worker to end the attempt a of the task that is the
	// message's identity; without a, every attempt.
	KindCancel
	// KindProgress says how far a running attempt is: a, q. The data is the
	// handler's own value.
	KindProgress
	// KindOutput is text that a running attempt has written: a, and as q how many
	// bytes came before. The data is the text, in UTF-8.
	KindOutput
	// KindHeartbeat is a heartbeat; the data is a proactor.HeartbeatBody.
	KindHeartbeat
	// KindHeartbeatAnswer answers a heartbeat; the data is a proactor.HeartbeatAnswer, or
	// nothing where there is nothing to do.
	KindHeartbeatAnswer
	// KindBye says that the initiator closes the stream and lives on: without
	// it, the end of an inherited stream means that the initiator is gone.
	KindBye
	// KindUnknown is a kind that this version does not know. It is ignored.
	KindUnknown
)

// kindNames are the values of the member k.
var kindNames = [...]string{KindCancel: "cancel", KindProgress: "progress", KindOutput: "output", KindHeartbeat: "beat", KindHeartbeatAnswer: "obey", KindBye: "bye", KindUnknown: ""}

// The values of the member s.
const (
	StatusCompleted = "completed"
	StatusFailed    = "failed"
	StatusRefused   = "refused"
)

// WorkerHeader is the header of a message: a small JSON object. The zero value is
// that of a task for the default method.
type WorkerHeader struct {
	Kind Kind
	// Method is the handler to run; "" the worker's default one.
	Method string
	// Attempt counts from 1; 0 = none is named.
	Attempt int
	// Deadline ends the task's context; zero = none.
	Deadline time.Time
	// Traceparent is a W3C trace context, handed on as it is.
	Traceparent string
	// Status of an answer: Completed, Failed or Refused.
	Status string
	// Code says of a refusal which of the webhooks' codes it is; 0 = the
	// task itself was refused.
	Code int
	// Retry says of a failure that another attempt may succeed.
	Retry bool
	// RetryAfter says of a refusal how long to wait.
	RetryAfter time.Duration
	// Seq rises when the executor itself moves.
	Seq uint64
}

// Append appends the header to b, without anything that reflects on types:
// this is done for every task.
func (h *WorkerHeader) Append(b []byte) []byte {
	switch h.Kind {
	case KindTask:
		b = appendString(b, "{\"m\":", h.Method)
	case KindAnswer:
		b = appendString(b, "{\"s\":", h.Status)
	default:
		b = appendString(b, "{\"k\":", kindNames[h.Kind])
	}
	b = appendNumber(b, ",\"a\":", int64(h.Attempt))
	b = appendNumber(b, ",\"c\":", int64(h.Code))
	b = appendNumber(b, ",\"q\":", int64(h.Seq&(1<<63-1)))
	b = h.appendDeadline(b)
	if h.Traceparent != "" {
		b = appendString(b, ",\"t\":", h.Traceparent)
	}
	if h.Retry {
		b = append(b, ",\"retry\":true"...)
	}
	if h.RetryAfter > 0 {
		b = strconv.AppendFloat(append(b, ",\"retry_after\":"...), h.RetryAfter.Seconds(), 'f', -1, 64)
	}
	return append(b, '}')
}

// appendDeadline leaves out what RFC 3339 cannot say: a deadline beyond the
// year 9999 is none.
func (h *WorkerHeader) appendDeadline(b []byte) []byte {
	if h.Deadline.IsZero() {
		return b
	}
	with, err := h.Deadline.AppendText(append(b, ",\"d\":\""...))
	if err != nil {
		return b
	}
	return append(with, '"')
}

func appendNumber(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), n, 10)
}

// appendString writes a string that is plain, as nearly all are, as it is.
func appendString(b []byte, name, s string) []byte {
	b = append(b, name...)
	if !isPlain(s) {
		quoted, _ := json.Marshal(s) // a string always marshals
		return append(b, quoted...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// isPlain says whether a string stands for itself in JSON.
func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
