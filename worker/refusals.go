package worker

import "time"

// TaskFail, returned as an error by a handler, fails the task with Data as its
// result (nil = {}). The failure is final unless Retry is set.
type TaskFail struct {
	Data  any
	Retry bool
}

// Error says that the task failed; the particulars are in Data.
func (TaskFail) Error() string { return "task failed" }

// TaskRefuse, returned by the hook BeforeTask, refuses a task: it costs no
// attempt and is offered to another worker, or again after RetryAfter. Data is
// shown to the master; retry_after, in seconds, is added to it. Returned by a
// handler, which is too late for a refusal, it is a failure to be retried.
type TaskRefuse struct {
	Data       any
	RetryAfter time.Duration
}

// Error says that the task was refused.
func (TaskRefuse) Error() string { return "task refused" }

// ConnectionRefuse, returned by the hook BeforeConnect, refuses a master. Data
// is shown to it.
type ConnectionRefuse struct{ Data any }

// Error says that the connection was refused.
func (ConnectionRefuse) Error() string { return "connection refused" }

// DisconnectionRefuse, returned by the hook BeforeDisconnect, keeps the
// master connected. Data is shown to it.
type DisconnectionRefuse struct{ Data any }

// Error says that the disconnection was refused.
func (DisconnectionRefuse) Error() string { return "disconnection refused" }
