package worker

import (
	"fmt"
	"time"
)

// Permanent returns an error that wraps err and makes the failure final: the
// task is not tried again, whatever its number of attempts. It is found wherever
// it is wrapped, also by errors.Join. Permanent(nil) is nil.
//
// When an error holds several marks of this kind (Permanent, [RetryAfter],
// [Snooze], [TaskFail]), the first one that errors.As would find decides.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &permanentError{err}
}

type permanentError struct{ err error }

// Error returns the text of the error that is final.
func (e *permanentError) Error() string { return e.err.Error() }

// Unwrap returns the error that is final.
func (e *permanentError) Unwrap() error { return e.err }

// RetryAfter returns an error that wraps err and sets the delay before the next
// attempt, in place of the pool's back-off. The attempt is charged: after the
// last attempt the task is dead. The delay has a precision of a millisecond and
// is at most 30 days; 0 and less mean the delay of the pool. The mark is found
// wherever it is wrapped, as that of [Permanent]. RetryAfter(nil, d) is nil.
func RetryAfter(err error, d time.Duration) error {
	if err == nil {
		return nil
	}
	return &retryAfterError{err, markDelay(d)}
}

type retryAfterError struct {
	err   error
	delay time.Duration // 0 = that of the pool
}

// Error returns the text of the error that is tried again.
func (e *retryAfterError) Error() string { return e.err.Error() }

// Unwrap returns the error that is tried again.
func (e *retryAfterError) Unwrap() error { return e.err }

// Snooze returns an error with which a handler puts off its task: the task runs
// again after d, and the attempt is not charged. Use it when the task cannot
// run yet, for example because it waits for another system. The number of
// times is not limited; a deadline of the task is. d has a precision of a
// millisecond and is at least a millisecond and at most 30 days.
//
// The reason in the task's record has the words of an error that wraps it:
//
//	return nil, fmt.Errorf("the export is not ready: %w", worker.Snooze(time.Minute))
//
// An initiator of an earlier version charges the attempt. A task with
// at_most_once runs no second time, and ends as dead.
func Snooze(d time.Duration) error {
	return &snoozeError{max(markDelay(d), time.Millisecond)}
}

type snoozeError struct{ delay time.Duration }

// Error names the delay.
func (e *snoozeError) Error() string {
	return fmt.Sprintf("snooze for %v", e.delay)
}

// markDelay returns the delay in the precision in which it is sent. A positive
// delay stays positive.
func markDelay(d time.Duration) time.Duration {
	if d <= 0 {
		return 0
	}
	return max(d.Round(time.Millisecond), time.Millisecond)
}
