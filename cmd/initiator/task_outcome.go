package main

import (
	"fmt"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/task"
)

// printOutcome prints the end of a task: its result on stdout, the result of a
// failure on stderr. The error has the exit code of the outcome.
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

// printResult prints the result unchanged, and null where there is none.
func (a *app) printResult(t task.Task, to *terminal.Screen) error {
	text := t.Result
	if len(text) == 0 {
		text = []byte("null")
	}
	_, err := fmt.Fprintf(to, "%s\n", text)
	return err
}

// outcomeCode returns the exit code of an ended task, and the reason.
func outcomeCode(t task.Task) (code int, why string) {
	switch {
	case t.State == task.Completed:
		return cli.ExitOK, ""
	case endedByTime(t):
		return cli.ExitTimeout, "(" + t.Reason + ")"
	}
	return cli.ExitFailed, "(" + t.Reason + ")"
}

// endedByTime reports whether a time limit ended the task: the timeout of the
// last attempt, or the deadline, in an attempt or in the queue, where no
// attempt records it.
func endedByTime(t task.Task) bool {
	switch last := t.LastOutcome(); t.State {
	case task.Dead:
		return last == task.OutcomeTimedOut
	case task.Failed:
		return last != task.OutcomeFailed || overranLimit(t)
	}
	return false
}

// overranLimit reports whether the last attempt took as long as it could: the
// handler's context ended, and the handler reported that as a failure.
func overranLimit(t task.Task) bool {
	last := t.History[len(t.History)-1]
	limit := t.Policy.Timeout.Duration()
	return limit > 0 && last.End.Sub(last.Start) >= limit ||
		!t.Deadline.IsZero() && !last.End.Before(t.Deadline)
}
