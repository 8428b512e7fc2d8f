package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"initiator/initiator/client"
	"initiator/internal/api"
	"initiator/internal/queue"
	"initiator/internal/supervise"
	"initiator/proactor"
)

const statusLong = `Show every worker, or those that are named by definition or guid.

Where no initiator runs, it shows what the last one saw, and whether that one has
ended or crashed.

Exit codes, as LSB has them for a service: 0 all of them are running; 3 some
are not, or no initiator runs; 4 it cannot be told.`

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use: "status [NAME…]", Short: "Show the workers", Long: statusLong,
		ValidArgsFunction: a.CompleteWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.Connect()
			if err != nil {
				return err
			}
			defer c.Close()
			ctx, _, stop := CatchSignals(cmd.Context(), EndingSignals...)
			defer stop()
			s, err := c.Status(ctx)
			if err != nil {
				return a.showLastKnown(args, unknownStatus(err))
			}
			names := ProcessNames(s.Workers)
			if a.PrintsLikeSupervisorctl() {
				s.Workers = SortByName(s.Workers, names) // its order, and that of args
			}
			if s.Workers, err = ChooseWorkers(s.Workers, args); err != nil {
				return err
			}
			if err := a.showStatus(s, names, len(args) == 0); err != nil {
				return err
			}
			return ExitWith(statusCode(s.Workers))
		},
	}
}

// unknownStatus tells "no initiator runs", which is an answer, from "it cannot
// be told".
func unknownStatus(err error) error {
	var gone *client.Unreachable
	if errors.As(err, &gone) {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
			return &Fault{ExitNotRunning, err, StartAdvice(gone)}
		}
		return &Fault{ExitStatusUnknown, err, StartAdvice(gone)}
	}
	return &Fault{Code: ExitStatusUnknown, Err: err}
}

// ChooseWorkers keeps the workers that are named.
func ChooseWorkers(all []supervise.Worker, names []string) ([]supervise.Worker, error) {
	if len(names) == 0 || slices.Contains(names, "all") {
		return all, nil
	}
	var chosen []supervise.Worker
	for _, name := range names {
		some := FindWorkers(all, name)
		if len(some) == 0 {
			known := DefinitionNames(all)
			near, _ := proactor.Nearest(name, known)
			return nil, &Fault{Code: ExitStatusUnknown, Err: &supervise.UnknownNameError{Name: name, Nearer: near, Known: known}}
		}
		chosen = append(chosen, some...)
	}
	return chosen, nil
}

// FindWorkers are the workers that are called so, or the one with that guid;
// as much of a guid as tells it apart is enough.
func FindWorkers(all []supervise.Worker, name string) (some []supervise.Worker) {
	for _, w := range all {
		if matchesName(w, name) {
			some = append(some, w)
		}
	}
	if len(some) > 0 || len(name) < 4 {
		return some
	}
	for _, w := range all {
		if len(w.GUID) > len(name) && w.GUID[:len(name)] == name {
			some = append(some, w)
		}
	}
	if len(some) > 1 {
		return nil
	}
	return some
}

// DefinitionNames are the names of the workers' definitions, each once.
func DefinitionNames(all []supervise.Worker) (names []string) {
	for _, w := range all {
		if !slices.Contains(names, w.Name) {
			names = append(names, w.Name)
		}
	}
	return names
}

func statusCode(list []supervise.Worker) int {
	for _, w := range list {
		if w.State != supervise.Running || !w.Ready {
			return ExitNotRunning
		}
	}
	return ExitOK
}

func (a *app) showStatus(s api.Status, names map[string]string, all bool) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(s)
	}
	if a.PrintsLikeSupervisorctl() {
		return a.Out.WriteLines(StatusLines(s.Workers, names, time.Now())...)
	}
	if err := statusTable(s.Workers, time.Now()).PrintTo(a.Out); err != nil {
		return err
	}
	if !all {
		return nil
	}
	return a.Out.WriteLines(statusSummary(s)...)
}

// statusTable is what supervisorctl's users look for, in its order.
func statusTable(list []supervise.Worker, now time.Time) Table {
	t := Table{
		Head:     []string{"NAME", "GUID", "STATE", "PID", "PORT", "UPTIME", "RESTARTS", "REASON"},
		Optional: []int{6, 3, 5, 4, 7, 1},
		Colour: func(column int, cell string) string {
			if column != 2 {
				return ""
			}
			return StateColour(cell)
		},
	}
	for _, w := range list {
		up := "-"
		if w.PID != 0 && !w.Started.IsZero() {
			up = FormatUptime(now.Sub(w.Started))
		}
		t.Rows = append(t.Rows, []string{
			w.Name, ShortGUID(w.GUID), StateName(w), NumberOrDash(w.PID), NumberOrDash(w.Port), up, strconv.Itoa(w.Restarts), w.Reason,
		})
	}
	return t
}

// statusSummary is what there is to say beside the workers.
func statusSummary(s api.Status) []string {
	var lines []string
	for _, pool := range SortedPools(s.Tasks) {
		if text := taskCounts(s.Tasks[pool]); text != "" {
			lines = append(lines, fmt.Sprintf("tasks of %s: %s", pool, text))
		}
	}
	if len(s.Paused) > 0 {
		lines = append(lines, "paused: "+JoinNames(s.Paused)+"; `initiator resume` lets their tasks go on")
	}
	if s.StorageError != "" {
		lines = append(lines, s.StorageError)
	}
	state := ""
	if s.Stopping {
		state = ", stopping"
	}
	return append(lines, fmt.Sprintf("initiator %s, pid %d, at %s%s", s.Version, s.PID, s.URL, state))
}

// taskCounts is "2 queued, 1 running".
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

func SortedPools(m map[string]task.Counts) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
