package main

import (
	"fmt"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/task"
)

// printOutcome prints the end of a task: its result on stdout, a failure's on stderr.
// The error is silent but for its exit code, which is that of the outcome.
func (a *app) printOutcome(t task.Task) error {
	code, why := outcomeCode(t)
	if a.Format.JSON {
		if err := a.Out.WriteJSON(t); err != nil {
			return err
		}
	} else if code == cli.ExitOK {
		if err := a.printResult(t, a.Out); err != nil {
			return err
		}
	} else if len(t.Result) > 0 {
		if err := a.printResult(t, a.Err); err != nil {
			return err
		}
	}
	if code == cli.ExitOK {
		return nil
	}
	return &cli.Fault{Code: code, Err: fmt.Errorf("%s: %s %s", cli.TaskTarget(t), t.State, why)}
}

// printResult prints the JSON as it came, and null for none.
func (a *app) printResult(t task.Task, to *terminal.Screen) error {
	text := t.Result
	if len(text) == 0 {
		text = []byte("null")
	}
	_, err := fmt.Fprintf(to, "%s\n", text)
	return err
}

// outcomeCode is the exit code of a terminal task, and why.
func outcomeCode(t task.Task) (code int, why string) {
	switch {
	case t.State == task.Completed:
		return cli.ExitOK, ""
	case endedByTime(t):
		return cli.ExitTimeout, "(" + t.Reason + ")"
	}
	return cli.ExitFailed, "(" + t.Reason + ")"
}

// endedByTime says whether time was what ended a task: its timeout, in the last
// attempt, or its deadline, in an attempt or in the queue, where no attempt is
// left to say so.
func endedByTime(t task.Task) bool {
	switch last := t.LastOutcome(); t.State {
	case task.Dead:
		return last == task.OutcomeTimedOut
	case task.Failed:
		return last != task.OutcomeFailed || overranLimit(t)
	}
	return false
}

// overranLimit says whether the last attempt ended no earlier than it had to: its
// handler was told that the time is over, and reported just that as a failure.
func overranLimit(t task.Task) bool {
	last := t.History[len(t.History)-1]
	limit := t.Policy.Timeout.Duration()
	return limit > 0 && last.End.Sub(last.Start) >= limit ||
		!t.Deadline.IsZero() && !last.End.Before(t.Deadline)
}
