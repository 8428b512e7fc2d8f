package main

import (
	"fmt"
	"strconv"
	"time"

	"initiator/internal/queue"
)

// taskTable lists tasks.
func taskTable(tasks []task.Task, now time.Time) table {
	t := table{
		head: []string{"ID", "POOL", "STATE", "ATTEMPT", "AGE", "REASON"}, spare: []int{3, 4, 5, 1},
		colour: func(column int, cell string) string {
			if column != 2 {
				return ""
			}
			return stateColour(cell)
		},
	}
	for _, x := range tasks {
		t.rows = append(t.rows, []string{
			x.ID.String(), target(x), string(x.State), attempts(x), took(now.Sub(x.Submitted)), x.Reason,
		})
	}
	return t
}

// attempts is "2/3".
func attempts(t task.Task) string {
	return strconv.Itoa(t.Attempt) + "/" + strconv.Itoa(t.Policy.Attempts)
}

// showState prints what became of a task in one line.
func (a *app) showState(t task.Task) error {
	if a.format.json {
		return a.out.json(t)
	}
	return a.out.lines(fmt.Sprintf("%s %s: %s", t.ID, t.State, t.Reason))
}

// showTask prints the record of a task, and a line for each attempt.
func (a *app) showTask(t task.Task) error {
	if a.format.json {
		return a.out.json(t)
	}
	fields := [][2]string{
		{"id", t.ID.String()},
		{"pool", target(t)},
		{"key", t.Key},
		{"state", string(t.State)},
		{"reason", t.Reason},
		{"attempt", attempts(t)},
		{"submitted", clock(t.Submitted)},
		{"not before", clock(t.NotBefore)},
		{"deadline", clock(t.Deadline)},
		{"started", clock(t.Started)},
		{"ended", clock(t.Ended)},
		{"data", string(t.Data)},
		{"progress", string(t.Progress)},
		{"result", string(t.Result)},
	}
	for _, f := range fields {
		if f[1] == "" {
			continue
		}
		if err := a.out.lines(fmt.Sprintf("%-11s%s", f[0], f[1])); err != nil {
			return err
		}
	}
	if len(t.History) == 0 {
		return nil
	}
	return attemptTable(t.History).print(a.out)
}

func attemptTable(history []task.Attempt) table {
	t := table{head: []string{"ATTEMPT", "WORKER", "INCARNATION", "TOOK", "OUTCOME", "ERROR"}, spare: []int{2, 3, 5}}
	for _, h := range history {
		span, outcome := "-", string(h.Outcome)
		if !h.End.IsZero() {
			span = took(h.End.Sub(h.Start))
		}
		if outcome == "" {
			outcome = "running"
		}
		t.rows = append(t.rows, []string{strconv.Itoa(h.N), short(h.Worker), strconv.Itoa(h.Incarnation), span, outcome, h.Error})
	}
	return t
}

// clock shows a moment; nothing for none.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("2006-01-02 15:04:05.000")
}
