package queue

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"initiator/initiator/task"
)

// AttemptOutcome describes the end of an attempt. The dispatcher makes it from the
// worker's answer, or from its absence.
type AttemptOutcome struct {
	Outcome task.Outcome
	Result  json.RawMessage // answer of the handler, also of a failed one; JSON
	Error   string          // for people; "" = nothing to add to Outcome
	// RetryAfter is the delay before the next try, in place of the policy's; 0 =
	// the policy's.
	RetryAfter time.Duration
	// Suspects is the number of tasks that a worker ran when it ended by
	// itself: 1 with OutcomeLost, more with OutcomeSuspected; 0 = the attempt
	// ended in another way.
	Suspects int
	// Undelivered says that the task did not reach a worker, or that the worker
	// refused it. Only then may a task with at_most_once be tried again.
	Undelivered bool
}

// RetryDecision is the next state of a task after an attempt, with its reason.
type RetryDecision struct {
	State         task.State
	Delay         time.Duration // before the task may run again, when State is Queued
	AttemptCounts bool          // whether the attempt is charged to the task
	Front         bool          // the task goes to the head of its priority, not to the end
	Reason        string        // for people; never empty
}

// DecideRetry decides what follows after an attempt at a task. It is a pure
// function and leaves t unchanged: t.Attempt is the number of the attempt that
// ended, and t.Interruptions does not count that attempt. jitter is a random
// number in [0, 1).
func DecideRetry(t *task.Task, o AttemptOutcome, jitter float64) RetryDecision {
	v := decideOutcome(t, o, jitter)
	if t.Policy.AtMostOnce && v.State == task.Queued && !o.Undelivered {
		return RetryDecision{
			State: task.Dead, AttemptCounts: true,
			Reason: withReason(string(o.Outcome), o.Error) + "; at_most_once allows no other attempt, because this one reached a worker",
		}
	}
	return v
}

// decideOutcome is DecideRetry without at_most_once.
func decideOutcome(t *task.Task, o AttemptOutcome, jitter float64) RetryDecision {
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
	case task.OutcomeSnoozed:
		return RetryDecision{
			State: task.Queued, Delay: o.RetryAfter,
			Reason: fmt.Sprintf("%s; the attempt does not count; the task runs again in %v", withReason("put off by the handler", o.Error), o.RetryAfter.Round(time.Millisecond)),
		}
	case task.OutcomeSuspected:
		return decideSuspected(t.Suspicion, o)
	case task.OutcomeInterrupted:
		return decideInterrupted(t.Interruptions+1, o)
	}
	return decideRetry(t.Policy, t.Attempt, o, jitter)
}

// decideSuspected decides about an attempt whose worker ended while it ran
// several tasks. before is the mark of the task until then.
func decideSuspected(before task.Suspicion, o AttemptOutcome) RetryDecision {
	next := "it will run alone"
	if group := suspectGroup(before, o.Suspects); group > 1 {
		next = fmt.Sprintf("it will run beside at most %d of them", group-1)
	}
	return RetryDecision{
		State: task.Queued, Delay: o.RetryAfter, Front: true,
		Reason: fmt.Sprintf("%s; its worker ran %d tasks, and each may be the reason; the attempt does not count, and %s", withReason(string(o.Outcome), o.Error), o.Suspects, next),
	}
}

// decideInterrupted decides about the nth interrupted attempt at a task. It is
// not charged, so its number is limited.
func decideInterrupted(n int, o AttemptOutcome) RetryDecision {
	what := withReason(string(o.Outcome), o.Error)
	if n >= task.MaxInterruptions {
		return RetryDecision{State: task.Dead, Reason: fmt.Sprintf("%s; interruption %d was the last", what, n)}
	}
	return RetryDecision{
		State: task.Queued, Delay: o.RetryAfter, Front: true,
		Reason: fmt.Sprintf("%s; the attempt does not count (interruption %d of at most %d)", what, n, task.MaxInterruptions),
	}
}

// decideRetry decides about an attempt that is charged to the task and has not
// ended it.
func decideRetry(p task.Policy, attempt int, o AttemptOutcome, jitter float64) RetryDecision {
	what := withReason(string(o.Outcome), o.Error)
	if attempt >= p.Attempts {
		return RetryDecision{
			State: task.Dead, AttemptCounts: true,
			Reason: fmt.Sprintf("%s; attempt %d of %d was the last", what, attempt, p.Attempts),
		}
	}
	d := o.RetryAfter
	if d == 0 {
		d = retryDelay(p, attempt, jitter)
	}
	return RetryDecision{
		State: task.Queued, Delay: d, AttemptCounts: true, Front: d == 0,
		Reason: fmt.Sprintf("%s; attempt %d of %d follows in %v", what, attempt+1, p.Attempts, d.Round(time.Millisecond)),
	}
}

// retryDelay returns the delay after an attempt: it doubles with every attempt up
// to the maximum, and the jitter shortens or lengthens it.
func retryDelay(p task.Policy, attempt int, jitter float64) time.Duration {
	d := float64(p.RetryDelay) * math.Pow(2, float64(attempt-1))
	if p.RetryDelayMax > 0 {
		d = min(d, float64(p.RetryDelayMax))
	}
	d *= 1 + p.RetryJitter*(2*jitter-1)
	return time.Duration(min(d, float64(MaxRetryDelay)))
}

// MaxRetryDelay bounds the delay that a failure asks for, and the doubled delay
// of a policy without a maximum, whose duration would overflow.
const MaxRetryDelay = 30 * 24 * time.Hour

// withReason returns what, followed by why if there is a why.
func withReason(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}
