package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/report"
	"initiator/internal/statedir"
	"initiator/internal/supervise"
)

// shownLeft is how many left processes a text names.
const shownLeft = 5

// leftNames names processes that workers have left: "12 sleep 1000 (of sshd)".
func leftNames(list []report.LeftProcess) string {
	var names []string
	for _, p := range list[:min(len(list), shownLeft)] {
		name := terminal.OneLine(fmt.Sprintf("%d %s", p.PID, p.Command))
		if p.Name != "" {
			name += " (of " + p.Name + ")"
		}
		names = append(names, name)
	}
	text := strings.Join(names, ", ")
	if more := len(list) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// leftLines are the lines of a status about processes that workers have left.
func leftLines(list []report.LeftProcess) []string {
	if len(list) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("left running (leave_descendants): %s; no worker has them, and initiator does not end them", leftNames(list))}
}

// leftByRequest says in one line what a request has left, for the output that has
// supervisorctl's form; "" = nothing.
func leftByRequest(results []report.Result) string {
	var parts []string
	for _, r := range results {
		if r.Left > 0 {
			parts = append(parts, fmt.Sprintf("%s left %d", r.Worker.Name, r.Left))
		}
	}
	return strings.Join(parts, ", ")
}

// leftAfterEnd returns the processes that run on after the end of the initiator, as
// its state directory has them; nothing where this machine does not have the
// directory.
func (a *app) leftAfterEnd() []report.LeftProcess {
	socket, err := a.SocketPath()
	if err != nil {
		return nil
	}
	seen, err := statedir.ReadLastKnownState(filepath.Dir(socket))
	if err != nil {
		return nil
	}
	return supervise.RunningLeft(seen.LeftInBoot(statedir.CurrentBoot()))
}

// newlyLeft returns the processes of a list that are not in the list before.
func newlyLeft(before, after []report.LeftProcess) []report.LeftProcess {
	return slices.DeleteFunc(slices.Clone(after), func(p report.LeftProcess) bool {
		return slices.ContainsFunc(before, func(b report.LeftProcess) bool { return b.PID == p.PID && b.StartTime == p.StartTime })
	})
}
