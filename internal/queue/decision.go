package queue

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"initiator/initiator/task"
)

// AttemptOutcome is the end of an attempt, as dispatch saw it.
type AttemptOutcome struct {
	Outcome task.Outcome
	Result  json.RawMessage // of Succeeded and the failures
	Error   string          // in words; for people
	// RetryAfter is the least delay before the next try; 0 = by the policy.
	RetryAfter time.Duration
}

// RetryDecision is what follows for the task.
type RetryDecision struct {
	State         task.State
	Delay         time.Duration // before it may run again, when State is Queued
	AttemptCounts bool          // whether the attempt counts
	Front         bool          // back to the head of its line rather than the end
	Reason        string
}

// DecideRetry is the law of retries. attempt is the number of the attempt that
// ended, jitter a random number in [0, 1).
func DecideRetry(p task.Policy, attempt int, o AttemptOutcome, jitter float64) RetryDecision {
	switch o.Outcome {
	case task.OutcomeCompleted:
		return RetryDecision{State: task.Completed, AttemptCounts: true, Reason: "completed"}
	case task.OutcomeFailed:
		return RetryDecision{State: task.Failed, AttemptCounts: true, Reason: withReason("the handler failed", o.Error)}
	case task.OutcomeCancelled:
		return RetryDecision{State: task.Cancelled, AttemptCounts: true, Reason: withReason("cancelled", o.Error)}
	case task.OutcomeDeadline:
		return RetryDecision{State: task.Failed, AttemptCounts: true, Reason: "its deadline passed"}
	case task.OutcomeRefused:
		return RetryDecision{State: task.Queued, Delay: o.RetryAfter, Reason: withReason("every worker refused it", o.Error)}
	case task.OutcomeReleased:
		return RetryDecision{State: task.Queued, Delay: o.RetryAfter, Front: true, Reason: withReason("given back", o.Error)}
	}
	return decideRetry(p, attempt, o, jitter)
}

// decideRetry is the case of an attempt that was paid for and did not help.
func decideRetry(p task.Policy, attempt int, o AttemptOutcome, jitter float64) RetryDecision {
	what := withReason(string(o.Outcome), o.Error)
	if attempt >= p.Attempts {
		return RetryDecision{
			State: task.Dead, AttemptCounts: true,
			Reason: fmt.Sprintf("%s; attempt %d of %d was the last", what, attempt, p.Attempts),
		}
	}
	d := max(retryDelay(p, attempt, jitter), o.RetryAfter)
	return RetryDecision{
		State: task.Queued, Delay: d, AttemptCounts: true, Front: d == 0,
		Reason: fmt.Sprintf("%s; attempt %d of %d follows in %v", what, attempt+1, p.Attempts, d.Round(time.Millisecond)),
	}
}

// retryDelay doubles with every attempt, up to the maximum, give or take the jitter.
func retryDelay(p task.Policy, attempt int, jitter float64) time.Duration {
	d := float64(p.RetryDelay) * math.Pow(2, float64(attempt-1))
	if p.RetryDelayMax > 0 {
		d = min(d, float64(p.RetryDelayMax))
	}
	d *= 1 + p.RetryJitter*(2*jitter-1)
	return time.Duration(min(d, float64(maxDelay)))
}

// maxDelay keeps a doubled delay from overflowing where no maximum is set.
const maxDelay = 30 * 24 * time.Hour

func withReason(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}
