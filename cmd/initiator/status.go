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
		ValidArgsFunction: a.completeWorkers,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			ctx, _, stop := heed(cmd.Context(), ending...)
			defer stop()
			s, err := c.Status(ctx)
			if err != nil {
				return a.lastSeen(args, unknownStatus(err))
			}
			names := processNames(s.Workers)
			if a.likeSupervisor() {
				s.Workers = byName(s.Workers, names) // its order, and that of args
			}
			if s.Workers, err = choose(s.Workers, args); err != nil {
				return err
			}
			if err := a.showStatus(s, names, len(args) == 0); err != nil {
				return err
			}
			return silent(statusCode(s.Workers))
		},
	}
}

// unknownStatus tells "no initiator runs", which is an answer, from "it cannot
// be told".
func unknownStatus(err error) error {
	var gone *client.Unreachable
	if errors.As(err, &gone) {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
			return &fault{exitNotRunning, err, startOne(gone)}
		}
		return &fault{exitNotKnown, err, startOne(gone)}
	}
	return &fault{code: exitNotKnown, err: err}
}

// choose keeps the workers that are named.
func choose(all []supervise.Worker, names []string) ([]supervise.Worker, error) {
	if len(names) == 0 || slices.Contains(names, "all") {
		return all, nil
	}
	var chosen []supervise.Worker
	for _, name := range names {
		some := named(all, name)
		if len(some) == 0 {
			known := definitions(all)
			near, _ := proactor.Nearest(name, known)
			return nil, &fault{code: exitNotKnown, err: &supervise.UnknownNameError{Name: name, Nearer: near, Known: known}}
		}
		chosen = append(chosen, some...)
	}
	return chosen, nil
}

// named are the workers that are called so, or the one with that guid;
// as much of a guid as tells it apart is enough.
func named(all []supervise.Worker, name string) (some []supervise.Worker) {
	for _, w := range all {
		if called(w, name) {
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

// definitions are the names of the workers' definitions, each once.
func definitions(all []supervise.Worker) (names []string) {
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
			return exitNotRunning
		}
	}
	return exitOK
}

func (a *app) showStatus(s api.Status, names map[string]string, all bool) error {
	if a.format.json {
		return a.out.json(s)
	}
	if a.likeSupervisor() {
		return a.out.lines(supervisorStatus(s.Workers, names, time.Now())...)
	}
	if err := statusTable(s.Workers, time.Now()).print(a.out); err != nil {
		return err
	}
	if !all {
		return nil
	}
	return a.out.lines(summary(s)...)
}

// statusTable is what supervisorctl's users look for, in its order.
func statusTable(list []supervise.Worker, now time.Time) table {
	t := table{
		head:  []string{"NAME", "GUID", "STATE", "PID", "PORT", "UPTIME", "RESTARTS", "REASON"},
		spare: []int{6, 3, 5, 4, 7, 1},
		colour: func(column int, cell string) string {
			if column != 2 {
				return ""
			}
			return stateColour(cell)
		},
	}
	for _, w := range list {
		up := "-"
		if w.PID != 0 && !w.Started.IsZero() {
			up = uptime(now.Sub(w.Started))
		}
		t.rows = append(t.rows, []string{
			w.Name, short(w.GUID), stateOf(w), number(w.PID), number(w.Port), up, strconv.Itoa(w.Restarts), w.Reason,
		})
	}
	return t
}

// summary is what there is to say beside the workers.
func summary(s api.Status) []string {
	var lines []string
	for _, pool := range sorted(s.Tasks) {
		if text := counts(s.Tasks[pool]); text != "" {
			lines = append(lines, fmt.Sprintf("tasks of %s: %s", pool, text))
		}
	}
	if len(s.Paused) > 0 {
		lines = append(lines, "paused: "+list(s.Paused)+"; `initiator resume` lets their tasks go on")
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

// counts is "2 queued, 1 running".
func counts(c task.Counts) string {
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

func sorted(m map[string]task.Counts) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
