package worker

import "time"

// TaskFail is an error with which a handler fails its task deliberately. It is
// found wherever it is wrapped:
//
//	return nil, fmt.Errorf("database is down: %w", worker.TaskFail{Retry: true})
//
// The words of an error that wraps it become the reason in the task's record.
// Any other error of a handler, a panic and a time-out are retried until the
// task's attempts are used up.
type TaskFail struct {
	// Data becomes the task's result; nil stands for {}. Data that cannot be
	// encoded as JSON makes the failure final.
	Data any
	// Retry allows another attempt; without it the failure is final.
	Retry bool
	// RetryAfter is the delay before the next attempt, to the millisecond; 0
	// means the delay of the pool.
	RetryAfter time.Duration
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
