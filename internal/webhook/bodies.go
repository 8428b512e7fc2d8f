package webhook

import (
	"encoding/json"
	"time"

	"initiator/initiator/task"
)

// Master names the connecting master in a ConnectBody.
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

// DisconnectBody is the body of DELETE /disconnect.
type DisconnectBody struct {
	Data json.RawMessage `json:"data,omitempty"`
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
	// Deadline ends the task's context; the zero value is no deadline.
	Deadline time.Time `json:"deadline,omitzero"`
	// Traceparent is a W3C trace context, handed on as it is.
	Traceparent string `json:"traceparent,omitempty"`
	// InlineMS asks for the outcome in the answer itself when the task ends
	// within so many milliseconds; 0 never.
	InlineMS int `json:"inline_ms,omitempty"`
}

// TaskBody is the body of POST /task/new. Data must be valid JSON, or nil,
// which is sent as null.
type TaskBody struct {
	Task TaskRef         `json:"task"`
	Data json.RawMessage `json:"data"`
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

// ResultBody is the body of PUT /slave/task/complete and /slave/task/fail.
type ResultBody struct {
	Task   TaskRef         `json:"task"`
	Result json.RawMessage `json:"result"`
	// Retry says of a failure that another attempt may succeed.
	Retry bool `json:"retry,omitempty"`
	// Code is 101 in a failure when the handler did not end the task because
	// the worker stops: the failure costs no attempt. 0 = a failure of the
	// handler.
	Code int `json:"code,omitempty"`
}

// HeartbeatBody is the body of GET /slave/heartbeat; a ding slave sends {}.
type HeartbeatBody struct {
	Incarnation int           `json:"incarnation"`
	Running     []RunningTask `json:"running"`
	RSS         int64         `json:"rss"` // resident bytes; 0 = not known
}

// RunningTask is one task that a worker holds at the moment of a heartbeat.
type RunningTask struct {
	ID      string `json:"id"`
	Attempt int    `json:"attempt,omitempty"`
	// Seq rises only when the executor itself moves: a worker whose
	// heartbeat goes on while its task is stuck does not raise it.
	Seq      uint64          `json:"seq"`
	Progress json.RawMessage `json:"progress,omitempty"`
	// Output is the newest text that the task has written; nil means no new text, or
	// that the stream carries it. Several heartbeats may carry the same text.
	Output *task.Output `json:"output,omitempty"`
}

// HeartbeatAnswer is the data of the answer to a heartbeat; null is the zero
// value.
type HeartbeatAnswer struct {
	// Cancel holds ids of tasks whose context is to be cancelled.
	Cancel []string `json:"cancel,omitempty"`
	// Stopping says that the worker will be stopped: its handlers are told, and
	// it goes on until the stop signal.
	Stopping bool `json:"stopping,omitempty"`
	// Quiet asks the worker to take no new task for now.
	Quiet bool `json:"quiet,omitempty"`
	// Stop asks it to drain and end, as /shutdown does.
	Stop bool `json:"stop,omitempty"`
}

// PingAnswer is the data of the answer to a worker's /ping. The answer to a
// Nonce without a token holds only Proof.
type PingAnswer struct {
	GUID        string   `json:"guid,omitempty"`
	Incarnation int      `json:"incarnation,omitempty"`
	PID         int      `json:"pid,omitempty"`
	Methods     []string `json:"methods,omitempty"`
	Slots       int      `json:"slots,omitempty"`
	Protocol    int      `json:"protocol,omitempty"`
	Proof       string   `json:"proof,omitempty"`
}
