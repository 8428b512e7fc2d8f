package main

import (
	"fmt"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/task"
)

// attemptNote says how the last try of a task ended and when the next one
// follows; "" when the event reports no such end, or only a refusal, which may be
// repeated every second.
func attemptNote(n task.Event) string {
	if n.Ended == nil {
		return ""
	}
	what, charged := attemptEnd(n.Ended.Outcome)
	if what == "" {
		return ""
	}
	if n.Ended.Error != "" {
		what += ": " + terminal.OneLine(n.Ended.Error)
	}
	next := fmt.Sprintf("attempt %d follows", n.Ended.N+1)
	if !charged {
		next = "it does not count, and is repeated"
	}
	when := "at once"
	if wait := n.NotBefore.Sub(n.At); wait > 0 {
		when = "in " + terminal.FormatElapsed(wait)
	}
	return fmt.Sprintf("attempt %d of %d %s; %s %s", n.Ended.N, n.Attempts, what, next, when)
}

// attemptEnd returns the words for the end of an attempt, and whether the task is
// charged for it.
func attemptEnd(o task.Outcome) (words string, charged bool) {
	switch o {
	case task.OutcomeRetry:
		return "failed", true
	case task.OutcomeTimedOut:
		return "timed out", true
	case task.OutcomeStuck:
		return "made no progress", true
	case task.OutcomeLost:
		return "was lost", true
	case task.OutcomeSnoozed:
		return "was put off by its handler", false
	case task.OutcomeReleased:
		return "was given back", false
	case task.OutcomeInterrupted:
		return "was interrupted", false
	case task.OutcomeSuspected:
		return "ended with its worker", false
	}
	return "", false
}
