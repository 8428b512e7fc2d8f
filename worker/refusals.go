package worker

import "time"

// TaskFail is an error with which a handler fails its task deliberately and sets
// the task's result. It is found wherever it is wrapped, also by errors.Join:
//
//	return nil, fmt.Errorf("database is down: %w", worker.TaskFail{Retry: true})
//
// The words of Err, or of an error that wraps the TaskFail, become the reason in
// the task's record and the member message of the result, unless Data has a
// message of its own. Any other error of a handler, a panic and a time-out are
// retried until the task's attempts are used up. [RetryAfter] around a TaskFail
// sets the delay, and [Permanent] around any error makes it final.
type TaskFail struct {
	// Data becomes the task's result; nil stands for {}. Data that cannot be
	// encoded as JSON makes the failure final.
	Data any
	// Err is the reason; nil means that there are no words beside Data.
	Err error
	// Retry allows another attempt; without it the failure is final.
	Retry bool
}

// Error returns the text of Err, or a fixed text when Err is nil.
func (f TaskFail) Error() string {
	if f.Err != nil {
		return f.Err.Error()
	}
	return "task failed"
}

// Unwrap returns Err.
func (f TaskFail) Unwrap() error { return f.Err }

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
