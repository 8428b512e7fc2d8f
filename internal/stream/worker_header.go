package stream

import (
	"strconv"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/jsonappend"
)

// MaxPayload is the largest payload, in bytes, that travels on a stream. Larger
// payloads go by HTTP, so that they do not delay heartbeats and cancels.
const MaxPayload = bounds.StreamPayload

// MaxMessage is the largest sum, in bytes, of a message's header and data.
const MaxMessage = bounds.StreamMessage

// Kind is what a message between initiator and worker is about.
type Kind uint8

// The kinds of messages. The comments name the members that each kind uses.
// KindTask and KindAnswer have no member k.
const (
	// KindTask gives a worker one attempt at a task: m, a, d, t.
	KindTask Kind = iota
	// KindAnswer is the outcome of an attempt, or its refusal: s, a, c, retry,
	// retry_after. The data is the result.
	KindAnswer
	// KindCancel asks a worker to end attempt a of the task that the identity
	// names; without a, every attempt.
	KindCancel
	// KindProgress reports the progress of a running attempt: a, q. The data is
	// the handler's own value.
	KindProgress
	// KindOutput carries text that a running attempt has written: a, and as q
	// the number of bytes before it. The data is the text in UTF-8.
	KindOutput
	// KindHeartbeat is a heartbeat. The data is a proactor.HeartbeatBody.
	KindHeartbeat
	// KindHeartbeatAnswer answers a heartbeat. The data is a
	// proactor.HeartbeatAnswer, or empty when there is nothing to do.
	KindHeartbeatAnswer
	// KindBye says that the initiator closes the stream and goes on running.
	// Without it, the end of an inherited stream means that the initiator has
	// ended.
	KindBye
	// KindUnknown is a kind that this version does not know. Receivers ignore
	// it.
	KindUnknown
)

// kindNames holds the values of the member k.
var kindNames = [...]string{KindCancel: "cancel", KindProgress: "progress", KindOutput: "output", KindHeartbeat: "beat", KindHeartbeatAnswer: "obey", KindBye: "bye", KindUnknown: ""}

// The values of the member s.
const (
	StatusCompleted = "completed"
	StatusFailed    = "failed"
	StatusRefused   = "refused"
)

// WorkerHeader is the header of a message between initiator and worker: a small
// JSON object. The zero value is the header of a task for the default method.
type WorkerHeader struct {
	Kind Kind
	// Method names the handler to run; "" = the worker's default handler.
	Method string
	// Attempt counts from 1; 0 = not given.
	Attempt int
	// Deadline ends the task's context; zero = none.
	Deadline time.Time
	// Traceparent is a W3C trace context. It is passed on unchanged.
	Traceparent string
	// Status of an answer: StatusCompleted, StatusFailed or StatusRefused.
	Status string
	// Code of a refusal is one of the webhooks' codes; 0 = the task itself was
	// refused.
	Code int
	// Retry says that another attempt may succeed after a failure.
	Retry bool
	// RetryAfter is how long to wait after a refusal; 0 = not given.
	RetryAfter time.Duration
	// Seq rises when the handler itself reports progress.
	Seq uint64
}

// Append appends the header to b. It avoids reflection, because it runs for
// every task.
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

// appendDeadline omits a deadline beyond the year 9999, which RFC 3339 cannot
// express.
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

// appendString appends a member.
func appendString(b []byte, name, s string) []byte {
	return jsonappend.AppendString(append(b, name...), s)
}
