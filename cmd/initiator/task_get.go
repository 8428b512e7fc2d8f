package main

import (
	"fmt"
	"strconv"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/task"
)

// showTask prints the record of a task, and a line for each attempt.
func (a *app) showTask(t task.Task) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(t)
	}
	fields := [][2]string{
		{"id", t.ID.String()},
		{"pool", cli.TaskTarget(t)},
		{"key", t.Key},
		{"state", string(t.State)},
		{"reason", t.Reason},
		{"submitter", submitterText(t)},
		{"attempt", attemptText(t)},
		{"submitted", clockText(t.Submitted)},
		{"not before", clockText(t.NotBefore)},
		{"deadline", clockText(t.Deadline)},
		{"started", clockText(t.Started)},
		{"ended", clockText(t.Ended)},
		{"callback", callbackText(t)},
		{"data", string(t.Data)},
		{"progress", string(t.Progress)},
		{"result", string(t.Result)},
	}
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		if err := a.Out.WriteLines(fmt.Sprintf("%-11s%s", f[0], f[1])); err != nil {
			return err
		}
	}
	if len(t.History) == 0 {
		return nil
	}
	return attemptTable(t.History).PrintTo(a.Out)
}

// submitterText says which workers have submitted the task; "" = a client.
func submitterText(t task.Task) string {
	if t.SubmittedBy == "" {
		return ""
	}
	return "a worker of " + t.SubmittedBy
}

// callbackText returns the URL of the callback and its state; "" = none. Before
// the end of the task the callback has no state.
func callbackText(t task.Task) string {
	if t.CallbackState == "" {
		return t.Callback
	}
	return t.Callback + " (" + t.CallbackState + ")"
}

// attemptTable returns the table of attempts.
func attemptTable(history []task.Attempt) terminal.Table {
	t := terminal.Table{Head: []string{"ATTEMPT", "WORKER", "INCARNATION", "TOOK", "OUTCOME", "ERROR"}, Optional: []int{2, 3, 5}}
	for _, h := range history {
		span, outcome := "-", string(h.Outcome)
		if !h.End.IsZero() {
			span = terminal.FormatElapsed(h.End.Sub(h.Start))
		}
		if outcome == "" {
			outcome = "running"
		}
		t.Rows = append(t.Rows, []string{strconv.Itoa(h.N), terminal.ShortGUID(h.Worker), strconv.Itoa(h.Incarnation), span, outcome, h.Error})
	}
	return t
}

// clockText returns a local time with milliseconds; "" for the zero time.
func clockText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05.000")
}
