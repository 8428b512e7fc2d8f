package proactor

import (
	"encoding/json"
	"strconv"
	"time"
)

// Body is a request's body that writes itself, so that the payload in it goes
// out byte for byte as it came: encoding/json would scan and compact it.
type Body interface {
	// AppendJSON appends the body to b.
	AppendJSON(b []byte) []byte
}

// Master says in a ConnectBody who connects.
type Master struct {
	// Address is where the worker sends its heartbeats and results:
	// http://host:port, or a base URL with a path.
	Address string `json:"address"`
}

// ConnectBody is the body of POST /connect.
type ConnectBody struct {
	Master Master          `json:"master"`
	Data   json.RawMessage `json:"data,omitempty"`
}

// AppendJSON appends the body to b. Data that is nil becomes {}, because a
// ding slave demands the member.
func (c ConnectBody) AppendJSON(b []byte) []byte {
	b = append(b, `{"master":{"address":`...)
	b = appendString(b, c.Master.Address)
	b = append(b, `},"data":`...)
	return append(appendObject(b, c.Data), '}')
}

// DisconnectBody is the body of DELETE /disconnect.
type DisconnectBody struct {
	Data json.RawMessage `json:"data,omitempty"`
}

// AppendJSON appends the body to b; nil Data becomes {}.
func (d DisconnectBody) AppendJSON(b []byte) []byte {
	return append(appendObject(append(b, `{"data":`...), d.Data), '}')
}

func appendObject(b, raw []byte) []byte {
	if len(raw) == 0 {
		return append(b, "{}"...)
	}
	return append(b, raw...)
}

// ConnectAnswer is the data of the answer to /connect. A ding slave answers
// null, which is the zero value: one slot and no stream.
type ConnectAnswer struct {
	Slots       int      `json:"slots"`
	Methods     []string `json:"methods"`
	Incarnation int      `json:"incarnation"`
	Protocol    int      `json:"protocol"`
	Stream      bool     `json:"stream"`
}

// TaskRef names one attempt at a task. Only the ID is known to a ding peer.
type TaskRef struct {
	ID string `json:"id"`
	// Method is the handler to run; "" the worker's default one.
	Method string `json:"method,omitempty"`
	// Attempt counts from 1; 0 comes from a master that does not count.
	Attempt int `json:"attempt,omitempty"`
	// Deadline ends the task's context; zero for none.
	Deadline time.Time `json:"deadline,omitzero"`
	// Traceparent is a W3C trace context, handed on as it is.
	Traceparent string `json:"traceparent,omitempty"`
	// InlineMS asks for the outcome in the answer itself when the task ends
	// within so many milliseconds; 0 never.
	InlineMS int `json:"inline_ms,omitempty"`
}

// appendJSON writes by hand what is written for every task.
func (t TaskRef) appendJSON(b []byte) []byte {
	b = appendString(append(b, `{"id":`...), t.ID)
	if t.Method != "" {
		b = appendString(append(b, `,"method":`...), t.Method)
	}
	if t.Attempt != 0 {
		b = strconv.AppendInt(append(b, `,"attempt":`...), int64(t.Attempt), 10)
	}
	if !t.Deadline.IsZero() {
		// Beyond the year 9999 it cannot be written, and is none.
		if with, err := t.Deadline.AppendText(append(b, `,"deadline":"`...)); err == nil {
			b = append(with, '"')
		}
	}
	if t.Traceparent != "" {
		b = appendString(append(b, `,"traceparent":`...), t.Traceparent)
	}
	if t.InlineMS != 0 {
		b = strconv.AppendInt(append(b, `,"inline_ms":`...), int64(t.InlineMS), 10)
	}
	return append(b, '}')
}

// TaskBody is the body of POST /task/new. Data must be valid JSON, or nil,
// which is sent as null.
type TaskBody struct {
	Task TaskRef         `json:"task"`
	Data json.RawMessage `json:"data"`
}

// AppendJSON appends the body to b.
func (t TaskBody) AppendJSON(b []byte) []byte {
	b = t.Task.appendJSON(append(b, `{"task":`...))
	return append(appendRaw(append(b, `,"data":`...), t.Data), '}')
}

// The two ways in which a task ends at a worker, in [TaskAnswer.Status].
const (
	StatusCompleted = "completed"
	StatusFailed    = "failed"
)

// TaskAnswer is the data of an answer to /task/new that carries the outcome
// ("inline"). It is absent when the task was merely received.
type TaskAnswer struct {
	Status string          `json:"status"`
	Result json.RawMessage `json:"result"`
	// Retry says of a failure that another attempt may succeed.
	Retry bool `json:"retry,omitempty"`
}

// AppendJSON appends the answer to b.
func (t TaskAnswer) AppendJSON(b []byte) []byte {
	b = appendString(append(b, `{"status":`...), t.Status)
	b = appendRaw(append(b, `,"result":`...), t.Result)
	return appendRetry(b, t.Retry)
}

func appendRetry(b []byte, retry bool) []byte {
	if retry {
		b = append(b, `,"retry":true`...)
	}
	return append(b, '}')
}

// ResultBody is the body of PUT /slave/task/complete and /slave/task/fail.
type ResultBody struct {
	Task   TaskRef         `json:"task"`
	Result json.RawMessage `json:"result"`
	// Retry says of a failure that another attempt may succeed.
	Retry bool `json:"retry,omitempty"`
}

// AppendJSON appends the body to b.
func (r ResultBody) AppendJSON(b []byte) []byte {
	b = r.Task.appendJSON(append(b, `{"task":`...))
	b = appendRaw(append(b, `,"result":`...), r.Result)
	return appendRetry(b, r.Retry)
}

// HeartbeatBody is the body of GET /slave/heartbeat; a ding slave sends {}.
type HeartbeatBody struct {
	Incarnation int       `json:"incarnation"`
	Running     []Running `json:"running"`
	RSS         int64     `json:"rss"` // resident bytes; 0 = not known
}

// Running is one task that a worker holds at the moment of a heartbeat.
type Running struct {
	ID      string `json:"id"`
	Attempt int    `json:"attempt,omitempty"`
	// Seq rises only when the executor itself moves: a worker whose
	// heartbeat goes on while its task is stuck does not raise it.
	Seq      uint64          `json:"seq"`
	Progress json.RawMessage `json:"progress,omitempty"`
	// Output is the newest of what the task has written; nil = nothing, or
	// the stream tells. The same text may come with several heartbeats.
	Output *Output `json:"output,omitempty"`
}

// Output is a part of the text that a task writes while it runs. At is how many
// bytes came before it, so that a gap can be seen.
type Output struct {
	At   int64  `json:"at"`
	Text string `json:"text"`
}

// HeartbeatAnswer is the data of the answer to a heartbeat; null is the zero
// value.
type HeartbeatAnswer struct {
	// Cancel holds ids of tasks whose context is to be cancelled.
	Cancel []string `json:"cancel,omitempty"`
	// Quiet asks the worker to take no new task for now.
	Quiet bool `json:"quiet,omitempty"`
	// Stop asks it to drain and end, as /shutdown does.
	Stop bool `json:"stop,omitempty"`
}

// Pong is the data of the answer to a worker's /ping. To a Nonce without a
// token only Proof is told.
type Pong struct {
	GUID        string   `json:"guid,omitempty"`
	Incarnation int      `json:"incarnation,omitempty"`
	PID         int      `json:"pid,omitempty"`
	Methods     []string `json:"methods,omitempty"`
	Slots       int      `json:"slots,omitempty"`
	Protocol    int      `json:"protocol,omitempty"`
	Proof       string   `json:"proof,omitempty"`
}
