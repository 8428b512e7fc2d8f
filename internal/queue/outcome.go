package task

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Kind says how an attempt ended.
type Kind string

// The ends of an attempt.
const (
	// Succeeded: the handler answered.
	Succeeded Kind = "completed"
	// FailedFinal: the handler failed and does not want to be asked again.
	FailedFinal Kind = "failed"
	// FailedRetry: the handler failed and says that another try may help.
	FailedRetry Kind = "failed_retry"
	// Refused: no worker would take it now. Costs no attempt.
	Refused Kind = "refused"
	// TimedOut: the attempt took longer than its timeout.
	TimedOut Kind = "timed_out"
	// Stuck: the attempt made no progress for its progress timeout.
	Stuck Kind = "stuck"
	// Lost: the worker ended, or no longer knows the task.
	Lost Kind = "lost"
	// Released: its worker had to go for another reason than this task.
	// Costs no attempt.
	Released Kind = "released"
	// CancelledByUser: somebody asked for it.
	CancelledByUser Kind = "cancelled"
	// DeadlinePassed: the task's own deadline.
	DeadlinePassed Kind = "deadline"
)

// Outcome is the end of an attempt, as dispatch saw it.
type Outcome struct {
	Kind   Kind
	Result json.RawMessage // of Succeeded and the failures
	Error  string          // in words; for people
	// RetryAfter is the least delay before the next try; 0 = by the policy.
	RetryAfter time.Duration
}

// Verdict is what follows for the task.
type Verdict struct {
	State  State
	Delay  time.Duration // before it may run again, when State is Queued
	Paid   bool          // whether the attempt counts
	Front  bool          // back to the head of its line rather than the end
	Reason string
}

// Decide is the law of retries. attempt is the number of the attempt that
// ended, jitter a random number in [0, 1).
func Decide(p Policy, attempt int, o Outcome, jitter float64) Verdict {
	switch o.Kind {
	case Succeeded:
		return Verdict{State: Completed, Paid: true, Reason: "completed"}
	case FailedFinal:
		return Verdict{State: Failed, Paid: true, Reason: because("the handler failed", o.Error)}
	case CancelledByUser:
		return Verdict{State: Cancelled, Paid: true, Reason: because("cancelled", o.Error)}
	case DeadlinePassed:
		return Verdict{State: Failed, Paid: true, Reason: "its deadline passed"}
	case Refused:
		return Verdict{State: Queued, Delay: o.RetryAfter, Reason: because("every worker refused it", o.Error)}
	case Released:
		return Verdict{State: Queued, Delay: o.RetryAfter, Front: true, Reason: because("given back", o.Error)}
	}
	return retry(p, attempt, o, jitter)
}

// retry is the case of an attempt that was paid for and did not help.
func retry(p Policy, attempt int, o Outcome, jitter float64) Verdict {
	what := because(string(o.Kind), o.Error)
	if attempt >= p.Attempts {
		return Verdict{
			State: Dead, Paid: true,
			Reason: fmt.Sprintf("%s; attempt %d of %d was the last", what, attempt, p.Attempts),
		}
	}
	d := max(delay(p, attempt, jitter), o.RetryAfter)
	return Verdict{
		State: Queued, Delay: d, Paid: true, Front: d == 0,
		Reason: fmt.Sprintf("%s; attempt %d of %d follows in %v", what, attempt+1, p.Attempts, d.Round(time.Millisecond)),
	}
}

// delay doubles with every attempt, up to the maximum, give or take the jitter.
func delay(p Policy, attempt int, jitter float64) time.Duration {
	d := float64(p.RetryDelay) * math.Pow(2, float64(attempt-1))
	if p.RetryDelayMax > 0 {
		d = min(d, float64(p.RetryDelayMax))
	}
	d *= 1 + p.RetryJitter*(2*jitter-1)
	return time.Duration(min(d, float64(maxDelay)))
}

// maxDelay keeps a doubled delay from overflowing where no maximum is set.
const maxDelay = 30 * 24 * time.Hour

func because(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}
