package main

import (
	"fmt"
	"strconv"
	"time"

	"initiator/internal/queue"
)

// taskTable lists tasks.
func taskTable(tasks []task.Task, now time.Time) Table {
	t := Table{
		Head: []string{"ID", "POOL", "STATE", "ATTEMPT", "AGE", "REASON"}, Optional: []int{3, 4, 5, 1},
		Colour: func(column int, cell string) string {
			if column != 2 {
				return ""
			}
			return StateColour(cell)
		},
	}
	for _, x := range tasks {
		t.Rows = append(t.Rows, []string{
			x.ID.String(), TaskTarget(x), string(x.State), attemptText(x), FormatDuration(now.Sub(x.Submitted)), x.Reason,
		})
	}
	return t
}

// attemptText is "2/3".
func attemptText(t task.Task) string {
	return strconv.Itoa(t.Attempt) + "/" + strconv.Itoa(t.Policy.Attempts)
}

// showState prints what became of a task in one line.
func (a *app) showState(t task.Task) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(t)
	}
	return a.Out.WriteLines(fmt.Sprintf("%s %s: %s", t.ID, t.State, t.Reason))
}

// showTask prints the record of a task, and a line for each attempt.
func (a *app) showTask(t task.Task) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(t)
	}
	fields := [][2]string{
		{"id", t.ID.String()},
		{"pool", TaskTarget(t)},
		{"key", t.Key},
		{"state", string(t.State)},
		{"reason", t.Reason},
		{"attempt", attemptText(t)},
		{"submitted", clockText(t.Submitted)},
		{"not before", clockText(t.NotBefore)},
		{"deadline", clockText(t.Deadline)},
		{"started", clockText(t.Started)},
		{"ended", clockText(t.Ended)},
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

func attemptTable(history []task.Attempt) Table {
	t := Table{Head: []string{"ATTEMPT", "WORKER", "INCARNATION", "TOOK", "OUTCOME", "ERROR"}, Optional: []int{2, 3, 5}}
	for _, h := range history {
		span, outcome := "-", string(h.Outcome)
		if !h.End.IsZero() {
			span = FormatDuration(h.End.Sub(h.Start))
		}
		if outcome == "" {
			outcome = "running"
		}
		t.Rows = append(t.Rows, []string{strconv.Itoa(h.N), ShortGUID(h.Worker), strconv.Itoa(h.Incarnation), span, outcome, h.Error})
	}
	return t
}

// clockText shows a moment; nothing for none.
func clockText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05.000")
}
