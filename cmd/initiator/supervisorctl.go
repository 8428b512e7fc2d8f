package main

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"initiator/internal/plan"
	"initiator/internal/supervise"
)

// supervisorWords are the verbs that supervisorctl's users miss. Each is thin:
// what it does has a verb of ours, which the help names, and what it prints
// and its exit code are supervisorctl's. start, stop, restart, status, signal
// and shutdown are the same word here and there. Not taken over are reload,
// which restarts supervisord there; fg, for here no worker's stdin is anybody's
// terminal; and what needs no word: add, remove, open, version of the server.
func (a *app) supervisorWords() []*cobra.Command {
	return inGroup("supervisorctl", a.availCommand(), a.clearCommand(), a.maintailCommand(), a.pidCommand(),
		a.rereadCommand(), a.tailCommand(), a.updateCommand(), a.fgCommand())
}

// fgCommand tells who knows the word what there is instead.
func (a *app) fgCommand() *cobra.Command {
	return &cobra.Command{
		Use: "fg NAME", Short: "Is not offered", Hidden: true,
		RunE: func(*cobra.Command, []string) error {
			return &Fault{
				ExitUsage, errors.New("not offered: nobody can type into a worker, whose standard input is its configuration or /dev/null"),
				"`initiator tail -f NAME` shows what it writes",
			}
		},
	}
}

// PrintsLikeSupervisorctl says whether to print as supervisorctl does: -o supervisor
// was given, or no -o, and the INI is a supervisord.conf, for whose users'
// scripts a name, a state and a pid are at their old places.
func (a *app) PrintsLikeSupervisorctl() bool {
	if a.Format.Given {
		return a.Format.Supervisor
	}
	path, err := a.INIPath()
	return err == nil && plan.IsSupervisord(path)
}

// matchesName says whether a name means a worker: its definition, group or guid, or
// what supervisorctl's users write: group:*, group: and group:process, where a
// worker of a pool is a process by its number.
func matchesName(w supervise.Worker, name string) bool {
	if name == w.Name || name == w.GUID || name == w.Group {
		return true
	}
	group, process, pair := strings.Cut(name, ":")
	switch {
	case !pair || group == "" || group != w.Group && group != w.Name:
		return false
	case process == "" || process == "*":
		return true
	case group == w.Name:
		return process == strconv.Itoa(w.Index) || group == w.Group && process == w.Name
	}
	return process == w.Name
}

// ProcessNames are what supervisorctl would call the workers, by guid. A pool
// of several is a group whose processes are numbers: all must be there, also
// where only some are to be named.
func ProcessNames(all []supervise.Worker) (names map[string]string) {
	pool := map[string]int{}
	for _, w := range all {
		pool[w.Name]++
	}
	names = map[string]string{}
	for _, w := range all {
		switch {
		case pool[w.Name] > 1 || w.Index > 0:
			names[w.GUID] = w.Name + ":" + strconv.Itoa(w.Index)
		case w.Group != "" && w.Group != w.Name && !strings.HasPrefix(w.Name, w.Group+":"):
			names[w.GUID] = w.Group + ":" + w.Name
		default:
			names[w.GUID] = w.Name
		}
	}
	return names
}

// SortByName puts workers in supervisorctl's order.
func SortByName(list []supervise.Worker, names map[string]string) (sorted []supervise.Worker) {
	sorted = slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, b supervise.Worker) int {
		return strings.Compare(names[a.GUID], names[b.GUID])
	})
	return sorted
}

// nameColumn is the least width of supervisorctl's first column.
const nameColumn = 30

// StatusLines are the lines of `supervisorctl status`, in the order given.
func StatusLines(list []supervise.Worker, names map[string]string, now time.Time) (lines []string) {
	width := nameColumn
	for _, w := range list {
		width = max(width, len(names[w.GUID]))
	}
	for _, w := range list {
		lines = append(lines, fmt.Sprintf("%-*s%-10s%s", width+3, names[w.GUID], w.State, Printable(describeProcess(w, now))))
	}
	return lines
}

// describeProcess is what supervisorctl says of a process beside its state.
func describeProcess(w supervise.Worker, now time.Time) string {
	switch w.State {
	case supervise.Running:
		return fmt.Sprintf("pid %d, uptime %s", w.PID, FormatUptime(now.Sub(w.Started)))
	case supervise.Fatal, supervise.Backoff:
		return w.Reason
	case supervise.Stopped, supervise.Exited:
		if w.Incarnation == 0 {
			return "Not started"
		}
		return w.Since.Local().Format("Jan 02 03:04 PM")
	}
	return ""
}
