package task_test

import (
	"testing"
	"time"

	"initiator/internal/queue"
)

// TestDecide lets the reader feel the law of retries, one line a case.
func TestDecide(t *testing.T) {
	policy := task.Policy{Attempts: 3, RetryDelay: task.Seconds(time.Second), RetryDelayMax: task.Seconds(3 * time.Second), RetryJitter: 0.5}
	const middle = 0.5 // the jitter that changes nothing
	tests := map[string]struct {
		attempt int
		outcome task.Outcome
		jitter  float64
		want    task.Verdict
	}{
		"done": {
			1,
			task.Outcome{Kind: task.Succeeded},
			middle,
			task.Verdict{State: task.Completed, Paid: true, Reason: "completed"},
		},
		"a failure is final unless it says retry": {
			1,
			task.Outcome{Kind: task.FailedFinal, Error: "ab not found"},
			middle,
			task.Verdict{State: task.Failed, Paid: true, Reason: "the handler failed: ab not found"},
		},
		"first retry": {
			1,
			task.Outcome{Kind: task.FailedRetry, Error: "busy"},
			middle,
			task.Verdict{State: task.Queued, Delay: time.Second, Paid: true, Reason: "failed_retry: busy; attempt 2 of 3 follows in 1s"},
		},
		"second retry waits twice as long": {
			2,
			task.Outcome{Kind: task.Lost},
			middle,
			task.Verdict{State: task.Queued, Delay: 2 * time.Second, Paid: true, Reason: "lost; attempt 3 of 3 follows in 2s"},
		},
		"least jitter": {
			1,
			task.Outcome{Kind: task.TimedOut},
			0,
			task.Verdict{State: task.Queued, Delay: 500 * time.Millisecond, Paid: true, Reason: "timed_out; attempt 2 of 3 follows in 500ms"},
		},
		"the worker may ask for more time": {
			1,
			task.Outcome{Kind: task.FailedRetry, RetryAfter: time.Minute},
			middle,
			task.Verdict{State: task.Queued, Delay: time.Minute, Paid: true, Reason: "failed_retry; attempt 2 of 3 follows in 1m0s"},
		},
		"attempts used up": {
			3,
			task.Outcome{Kind: task.Lost, Error: "killed by SIGKILL"},
			middle,
			task.Verdict{State: task.Dead, Paid: true, Reason: "lost: killed by SIGKILL; attempt 3 of 3 was the last"},
		},
		"a refusal costs nothing": {
			3,
			task.Outcome{Kind: task.Refused, RetryAfter: time.Second, Error: "too warm"},
			middle,
			task.Verdict{State: task.Queued, Delay: time.Second, Reason: "every worker refused it: too warm"},
		},
		"given back goes to the head of its line": {
			3,
			task.Outcome{Kind: task.Released, Error: "its worker stops"},
			middle,
			task.Verdict{State: task.Queued, Front: true, Reason: "given back: its worker stops"},
		},
		"cancelled": {
			1,
			task.Outcome{Kind: task.CancelledByUser},
			middle,
			task.Verdict{State: task.Cancelled, Paid: true, Reason: "cancelled"},
		},
		"deadline": {
			1,
			task.Outcome{Kind: task.DeadlinePassed},
			middle,
			task.Verdict{State: task.Failed, Paid: true, Reason: "its deadline passed"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := task.Decide(policy, test.attempt, test.outcome, test.jitter); got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

func TestDelayNeverOverflows(t *testing.T) {
	p := task.Policy{Attempts: 10_000, RetryDelay: task.Seconds(time.Hour), RetryJitter: 1}
	for attempt := 1; attempt < 5000; attempt *= 3 {
		v := task.Decide(p, attempt, task.Outcome{Kind: task.Lost}, 0.999)
		if v.Delay <= 0 || v.Delay > 31*24*time.Hour {
			t.Fatalf("attempt %d: delay %v", attempt, v.Delay)
		}
	}
}
