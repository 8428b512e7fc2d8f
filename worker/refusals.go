package worker

import "time"

// TaskFail is an error with which a handler fails its task. Data becomes the
// task's result; nil stands for {}. The failure is final unless Retry is set.
type TaskFail struct {
	Data  any
	Retry bool
}

// Error returns a fixed text; the details are in Data.
func (TaskFail) Error() string { return "task failed" }

// TaskRefuse is an error with which the hook BeforeTask refuses a task. The
// refusal costs no attempt: the task is offered to another worker, or again
// after RetryAfter. The master is shown Data, to which retry_after in seconds
// is added. When a handler returns TaskRefuse, it is too late for a refusal;
// the task fails and is retried.
type TaskRefuse struct {
	Data       any
	RetryAfter time.Duration
}

// Error returns a fixed text; the details are in Data.
func (TaskRefuse) Error() string { return "task refused" }

// ConnectionRefuse is an error with which the hook BeforeConnect refuses a
// master. The master is shown Data.
type ConnectionRefuse struct{ Data any }

// Error returns a fixed text; the details are in Data.
func (ConnectionRefuse) Error() string { return "connection refused" }

// DisconnectionRefuse is an error with which the hook BeforeDisconnect keeps
// the connection. The master is shown Data.
type DisconnectionRefuse struct{ Data any }

// Error returns a fixed text; the details are in Data.
func (DisconnectionRefuse) Error() string { return "disconnection refused" }
