package main

import (
	"fmt"

	"initiator/internal/queue"
)

// tell prints the end of a task: its result on stdout, a failure's on stderr.
// The error is silent but for its exit code, which is that of the outcome.
func (a *app) tell(t task.Task) error {
	code, why := verdict(t)
	if a.format.json {
		if err := a.out.json(t); err != nil {
			return err
		}
	} else if code == exitOK {
		if err := a.result(t, a.out); err != nil {
			return err
		}
	} else if len(t.Result) > 0 {
		if err := a.result(t, a.err); err != nil {
			return err
		}
	}
	if code == exitOK {
		return nil
	}
	return &fault{code: code, err: fmt.Errorf("%s: %s %s", target(t), t.State, why)}
}

// result prints the JSON as it came, and null for none.
func (a *app) result(t task.Task, to *screen) error {
	text := t.Result
	if len(text) == 0 {
		text = []byte("null")
	}
	_, err := fmt.Fprintf(to, "%s\n", text)
	return err
}

// verdict is the exit code of a terminal task, and why.
func verdict(t task.Task) (code int, why string) {
	switch {
	case t.State == task.Completed:
		return exitOK, ""
	case late(t):
		return exitTimeout, "(" + t.Reason + ")"
	}
	return exitFailed, "(" + t.Reason + ")"
}

// late says whether time was what ended a task: its timeout, in the last
// attempt, or its deadline, in an attempt or in the queue, where no attempt is
// left to say so.
func late(t task.Task) bool {
	switch last := t.LastOutcome(); t.State {
	case task.Dead:
		return last == task.TimedOut
	case task.Failed:
		return last != task.FailedFinal || overrun(t)
	}
	return false
}

// overrun says whether the last attempt ended no earlier than it had to: its
// handler was told that the time is over, and reported just that as a failure.
func overrun(t task.Task) bool {
	last := t.History[len(t.History)-1]
	limit := t.Policy.Timeout.D()
	return limit > 0 && last.End.Sub(last.Start) >= limit ||
		!t.Deadline.IsZero() && !last.End.Before(t.Deadline)
}

// target is the pool and method of a task, as one types it.
func target(t task.Task) string {
	if t.Method == "" {
		return t.Pool
	}
	return t.Pool + "." + t.Method
}
