package queue_test

import (
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// TestRetryDecisions has one case for each rule of DecideRetry.
func TestRetryDecisions(t *testing.T) {
	policy := task.Policy{Attempts: 3, RetryDelay: task.Seconds(time.Second), RetryDelayMax: task.Seconds(3 * time.Second), RetryJitter: 0.5}
	const middle = 0.5 // no change of the delay
	tests := map[string]struct {
		attempt int
		outcome queue.AttemptOutcome
		jitter  float64
		want    queue.RetryDecision
	}{
		"done": {
			1,
			queue.AttemptOutcome{Outcome: task.OutcomeCompleted},
			middle,
			queue.RetryDecision{State: task.Completed, AttemptCounts: true, Reason: "completed"},
		},
		"a failure is final unless it says retry": {
			1,
			queue.AttemptOutcome{Outcome: task.OutcomeFailed, Error: "ab not found"},
			middle,
			queue.RetryDecision{State: task.Failed, AttemptCounts: true, Reason: "the handler failed: ab not found"},
		},
		"first retry": {
			1,
			queue.AttemptOutcome{Outcome: task.OutcomeRetry, Error: "busy"},
			middle,
			queue.RetryDecision{State: task.Queued, Delay: time.Second, AttemptCounts: true, Reason: "failed_retry: busy; attempt 2 of 3 follows in 1s"},
		},
		"second retry waits twice as long": {
			2,
			queue.AttemptOutcome{Outcome: task.OutcomeLost},
			middle,
			queue.RetryDecision{State: task.Queued, Delay: 2 * time.Second, AttemptCounts: true, Reason: "lost; attempt 3 of 3 follows in 2s"},
		},
		"least jitter": {
			1,
			queue.AttemptOutcome{Outcome: task.OutcomeTimedOut},
			0,
			queue.RetryDecision{State: task.Queued, Delay: 500 * time.Millisecond, AttemptCounts: true, Reason: "timed_out; attempt 2 of 3 follows in 500ms"},
		},
		"the worker may ask for more time": {
			1,
			queue.AttemptOutcome{Outcome: task.OutcomeRetry, RetryAfter: time.Minute},
			middle,
			queue.RetryDecision{State: task.Queued, Delay: time.Minute, AttemptCounts: true, Reason: "failed_retry; attempt 2 of 3 follows in 1m0s"},
		},
		"the worker may ask for less time": {
			1,
			queue.AttemptOutcome{Outcome: task.OutcomeRetry, RetryAfter: 100 * time.Millisecond},
			middle,
			queue.RetryDecision{State: task.Queued, Delay: 100 * time.Millisecond, AttemptCounts: true, Reason: "failed_retry; attempt 2 of 3 follows in 100ms"},
		},
		"attempts used up": {
			3,
			queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: "killed by SIGKILL"},
			middle,
			queue.RetryDecision{State: task.Dead, AttemptCounts: true, Reason: "lost: killed by SIGKILL; attempt 3 of 3 was the last"},
		},
		"a refusal costs nothing": {
			3,
			queue.AttemptOutcome{Outcome: task.OutcomeRefused, RetryAfter: time.Second, Error: "too warm"},
			middle,
			queue.RetryDecision{State: task.Queued, Delay: time.Second, Reason: "every worker refused it: too warm"},
		},
		"a snooze costs nothing": {
			3,
			queue.AttemptOutcome{Outcome: task.OutcomeSnoozed, RetryAfter: time.Minute, Error: "not ready"},
			middle,
			queue.RetryDecision{State: task.Queued, Delay: time.Minute, Reason: "put off by the handler: not ready; the attempt does not count; the task runs again in 1m0s"},
		},
		"a released task goes to the head of its priority": {
			3,
			queue.AttemptOutcome{Outcome: task.OutcomeReleased, Error: "its worker stops"},
			middle,
			queue.RetryDecision{State: task.Queued, Front: true, Reason: "given back: its worker stops"},
		},
		"an interruption costs nothing": {
			3,
			queue.AttemptOutcome{Outcome: task.OutcomeInterrupted, Error: "the initiator ended while the task ran"},
			middle,
			queue.RetryDecision{State: task.Queued, Front: true, Reason: "interrupted: the initiator ended while the task ran; the attempt does not count (interruption 1 of at most 10)"},
		},
		"cancelled": {
			1,
			queue.AttemptOutcome{Outcome: task.OutcomeCancelled},
			middle,
			queue.RetryDecision{State: task.Cancelled, AttemptCounts: true, Reason: "cancelled"},
		},
		"deadline": {
			1,
			queue.AttemptOutcome{Outcome: task.OutcomeDeadline},
			middle,
			queue.RetryDecision{State: task.Failed, AttemptCounts: true, Reason: "its deadline passed"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := queue.DecideRetry(&task.Task{Policy: policy, Attempt: test.attempt}, test.outcome, test.jitter); got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestDelayNeverOverflows(t *testing.T) {
	p := task.Policy{Attempts: 10_000, RetryDelay: task.Seconds(time.Hour), RetryJitter: 1}
	for attempt := 1; attempt < 5000; attempt *= 3 {
		v := queue.DecideRetry(&task.Task{Policy: p, Attempt: attempt}, queue.AttemptOutcome{Outcome: task.OutcomeLost}, 0.999)
		if v.Delay <= 0 || v.Delay > 31*24*time.Hour {
			t.Fatalf("attempt %d: delay %v", attempt, v.Delay)
		}
	}
}

// TestAtMostOnce ends the first attempt at a task with at_most_once in each way.
// Only an attempt that reached no worker may be followed by another.
func TestAtMostOnce(t *testing.T) {
	one := task.Task{Policy: task.Policy{Attempts: 3, AtMostOnce: true}, Attempt: 1}
	for _, outcome := range []task.Outcome{
		task.OutcomeRetry, task.OutcomeTimedOut, task.OutcomeStuck, task.OutcomeLost, task.OutcomeSuspected, task.OutcomeReleased, task.OutcomeInterrupted, task.OutcomeRefused, task.OutcomeSnoozed,
	} {
		got := queue.DecideRetry(&one, queue.AttemptOutcome{Outcome: outcome, Error: "gone"}, 0)
		want := queue.RetryDecision{State: task.Dead, AttemptCounts: true, Reason: string(outcome) + ": gone; at_most_once allows no other attempt, because this one reached a worker"}
		if got != want {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		if got := queue.DecideRetry(&one, queue.AttemptOutcome{Outcome: outcome, Undelivered: true}, 0); got.State != task.Queued {
			t.Errorf("%s before the delivery: %+v", outcome, got)
		}
	}
	if got := queue.DecideRetry(&one, queue.AttemptOutcome{Outcome: task.OutcomeFailed, Error: "no"}, 0); got.Reason != "the handler failed: no" {
		t.Errorf("failed: %+v", got)
	}
}

// TestTenthInterruptionIsTheLast interrupts a task that allows one attempt until
// it is dead, and lets a caller retry it.
func TestTenthInterruptionIsTheLast(t *testing.T) {
	everyQueue(t, queue.Retention{}, testTenthInterruptionIsTheLast)
}

func testTenthInterruptionIsTheLast(t *testing.T, q queue.Queue) {
	id := put(t, q, task.Request{Pool: "p", Attempts: 1})
	for n := 1; n <= task.MaxInterruptions; n++ {
		leased, ok := q.LeaseNext(epoch, "p", "w", n, nil)
		if !ok {
			t.Fatalf("after %d interruptions the task is not leased", n-1)
		}
		l, _ := queue.LeaseOf(&leased)
		got, err := q.EndAttempt(epoch, l, queue.AttemptOutcome{Outcome: task.OutcomeInterrupted, Error: "the power failed"}, 0)
		want := task.Queued
		if n == task.MaxInterruptions {
			want = task.Dead
		}
		if err != nil || got.State != want || got.Attempt != 0 || got.Interruptions != n {
			t.Fatalf("interruption %d: %+v, %v", n, got, err)
		}
	}
	if got, _ := q.FindTask(id); got.Reason != "interrupted: the power failed; interruption 10 was the last" {
		t.Errorf("reason %q", got.Reason)
	}
	if got, err := q.RetryTask(epoch, id); err != nil || got.Interruptions != 0 {
		t.Errorf("retried by a caller: %+v, %v", got, err)
	}
}
