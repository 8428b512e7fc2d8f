package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/initiator/report"
)

// showTransitions shows every state change of a worker until over is done.
func (u *upRun) showTransitions(over, running context.Context) {
	since := uint64(0)
	for first := true; ; first = false {
		past, more := u.in.Events(since)
		for _, t := range past {
			since = t.Seq
			u.showTransition(t)
		}
		switch {
		case running.Err() != nil || !first && len(past) == 0:
		case u.live != nil:
			u.showLive()
		default:
			u.readinessCount.noteTransitions(past, u.in, u.startsItself, u.announceReady)
		}
		select {
		case <-more:
		case <-over.Done():
			return
		}
	}
}

// showLive draws the workers. It announces the end of the start once.
func (u *upRun) showLive() {
	if u.live.Settled() {
		return
	}
	workers := u.in.Workers()
	u.live.ShowWorkers(workers)
	if waiting, lost := countOutstanding(workers, u.startsItself); waiting == 0 {
		u.live.Settle()
		u.announceReady(lost)
	}
}

// showTransition prints a state change as JSON, and shows it on a terminal.
func (u *upRun) showTransition(t report.Event) {
	if u.Format.JSON {
		_ = u.Out.WriteJSON(t) // Report returns the error of the screen
	}
	u.live.ShowTransition(t)
}

// startsItself reports whether the workers of a definition start automatically.
func (u *upRun) startsItself(name string) bool {
	s, ok := u.in.Plan().FindSpec(name)
	return ok && s.Autostart
}

// announceReady says that all workers are ready, given up or failing; lost names
// the workers that are not ready. On a terminal it also says where the API is and how to stop.
func (u *upRun) announceReady(lost []string) {
	up := readinessText(u.in.Workers(), lost)
	if u.live == nil {
		u.log.Info(up)
		return
	}
	u.live.PrintLine(up + "; Ctrl-C stops them")
	for _, line := range adviceLines(u.in.Workers()) {
		u.live.PrintLine(line)
	}
	u.live.PrintLine("the API is at " + u.in.URL() + ", its token in " + shortestPath(filepath.Join(u.in.StateDir(), "token")))
}

// readinessText says which workers are not ready, which lost names, how many have
// ended as they should, and that the rest is ready.
func readinessText(workers []report.Worker, lost []string) string {
	ended := 0
	for _, w := range workers {
		if w.State == report.Exited && !slices.Contains(lost, w.Name) {
			ended++
		}
	}
	text := "all workers are ready"
	switch {
	case len(lost) > 0:
		which := lost[0]
		if len(lost) > 1 {
			which = "all"
		}
		text = "not ready: " + terminal.JoinNames(lost) + "; `initiator why " + which + "` says why and what follows"
	case ended > 0 && ended == len(workers):
		text = "all workers have ended as they should"
	case ended > 0:
		text = "all other workers are ready"
	}
	if ended > 0 && ended < len(workers) {
		text = terminal.Plural(ended, "worker") + " ended as it should; " + text
	}
	return text
}

// shortestPath returns a path relative to the working directory, where the path
// is below it.
func shortestPath(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(here, path)
	if err != nil || !filepath.IsLocal(rel) {
		return path
	}
	return rel
}

// printNote prints a line for people, on the terminal or in the log.
func (u *upRun) printNote(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if u.live != nil {
		u.live.PrintLine(text)
		return
	}
	u.log.Info(text)
}
