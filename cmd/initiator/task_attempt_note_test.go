package main

import (
	"testing"
	"time"

	"initiator/initiator/task"
)

// TestAttemptNote: the words for each end of an attempt that is followed by
// another one.
func TestAttemptNote(t *testing.T) {
	at := time.Now()
	for _, tt := range []struct {
		ended task.Attempt
		wait  time.Duration
		want  string
	}{
		{task.Attempt{N: 1, Outcome: task.OutcomeRetry, Error: "no luck"}, time.Second, "attempt 1 of 3 failed: no luck; attempt 2 follows in 1.0 s"},
		{task.Attempt{N: 2, Outcome: task.OutcomeTimedOut, Error: "after 5s"}, 0, "attempt 2 of 3 timed out: after 5s; attempt 3 follows at once"},
		{task.Attempt{N: 1, Outcome: task.OutcomeStuck}, 0, "attempt 1 of 3 made no progress; attempt 2 follows at once"},
		{task.Attempt{N: 1, Outcome: task.OutcomeLost, Error: "killed\nby"}, 0, "attempt 1 of 3 was lost: killed by; attempt 2 follows at once"},
		{task.Attempt{N: 1, Outcome: task.OutcomeReleased, Error: "asked to stop"}, 0, "attempt 1 of 3 was given back: asked to stop; it does not count, and is repeated at once"},
		{task.Attempt{N: 1, Outcome: task.OutcomeInterrupted}, 0, "attempt 1 of 3 was interrupted; it does not count, and is repeated at once"},
		{task.Attempt{N: 1, Outcome: task.OutcomeSnoozed, Error: "not ready"}, time.Second, "attempt 1 of 3 was put off by its handler: not ready; it does not count, and is repeated in 1.0 s"},
		{task.Attempt{N: 1, Outcome: task.OutcomeSuspected}, 0, "attempt 1 of 3 ended with its worker; it does not count, and is repeated at once"},
		{task.Attempt{N: 1, Outcome: task.OutcomeRefused}, time.Second, ""},
	} {
		n := task.Event{At: at, Ended: &tt.ended, Attempts: 3, NotBefore: at.Add(tt.wait)}
		if got := attemptNote(n); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.ended.Outcome, got, tt.want)
		}
	}
	if got := attemptNote(task.Event{State: task.Running}); got != "" {
		t.Errorf("without an ended try: %q", got)
	}
}
