package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/lifecycle"
)

// statusTable returns the table of workers. Its columns have supervisorctl's
// order.
func statusTable(list []report.Worker, now time.Time) terminal.Table {
	t := terminal.Table{
		Head:     []string{"NAME", "GUID", "STATE", "PID", "PORT", "UPTIME", "RESTARTS", "REASON"},
		Optional: []int{6, 3, 5, 4, 7, 1},
		Colour: func(column int, cell string) string {
			if column != 2 {
				return ""
			}
			return terminal.StateColour(cell)
		},
	}
	for _, w := range list {
		reason, _ := lifecycle.CutAdvice(w.Reason)
		up := "-"
		if w.PID != 0 && !w.Started.IsZero() {
			up = terminal.FormatUptime(now.Sub(w.Started))
		}
		t.Rows = append(t.Rows, []string{
			w.Name, terminal.ShortGUID(w.GUID), terminal.StateName(w), terminal.NumberOrDash(w.PID), terminal.NumberOrDash(w.Port), up, strconv.Itoa(w.Restarts), reason,
		})
	}
	return t
}

// adviceLines returns the advice that statusTable leaves out of the reasons, one line
// for each definition.
func adviceLines(list []report.Worker) (lines []string) {
	for _, w := range list {
		line := w.Name + ": " + lifecycle.PlainProgramAdvice
		if _, advised := lifecycle.CutAdvice(w.Reason); advised && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// statusSummary returns the lines below the table: tasks, paused pools, storage
// errors, the initiator.
func statusSummary(s report.Status) []string {
	var lines []string
	for _, pool := range cli.SortedPools(s.Tasks) {
		if text := taskCounts(s.Tasks[pool]); text != "" {
			lines = append(lines, fmt.Sprintf("tasks of %s: %s", pool, text))
		}
	}
	if len(s.Paused) > 0 {
		lines = append(lines, "paused: "+terminal.JoinNames(s.Paused)+"; `initiator resume` hands out their tasks again")
	}
	if s.StorageError != "" && !slices.ContainsFunc(s.Problems, func(p report.Problem) bool { return strings.Contains(s.StorageError, p.Reason) }) {
		lines = append(lines, s.StorageError)
	}
	for _, p := range s.Problems {
		lines = append(lines, "problem: "+p.Reason)
	}
	for _, w := range s.Workers {
		for _, fault := range w.LogFaults {
			lines = append(lines, fmt.Sprintf("%s:%d: %s", w.Name, w.Index, fault))
		}
	}
	if len(s.Unattributed) > 0 {
		lines = append(lines, unattributedText(s.Unattributed))
	}
	lines = append(lines, leftLines(s.Left)...)
	state := ""
	if s.Stopping {
		state = ", stopping"
	}
	return append(lines, fmt.Sprintf("initiator %s, pid %d, at %s%s", s.Version, s.PID, s.URL, state))
}

// shownUnattributed is how many unattributed processes the text names.
const shownUnattributed = 5

// unattributedText names processes that belong to no known worker.
func unattributedText(list []string) string {
	names := list[:min(len(list), shownUnattributed)]
	text := fmt.Sprintf("processes of no known worker: %s", strings.Join(names, ", "))
	if more := len(list) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text + "; a worker started them, and `initiator shutdown` ends them"
}

// taskCounts returns the number of tasks in each state: "2 queued, 1 running".
func taskCounts(c task.Counts) string {
	text := ""
	for _, state := range []task.State{task.Queued, task.Running, task.Completed, task.Failed, task.Cancelled, task.Dead} {
		if n := c[state]; n > 0 {
			if text != "" {
				text += ", "
			}
			text += fmt.Sprintf("%d %s", n, state)
		}
	}
	return text
}
