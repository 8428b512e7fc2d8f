package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"initiator/cmd/initiator/internal/terminal"
	"initiator/internal/supervise"
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
func (u *upRun) showTransition(t supervise.Transition) {
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

// announceReady says that all workers are ready, given up or failing; lost is
// the number of workers that are not ready. On a terminal it also says where the API is and how to stop.
func (u *upRun) announceReady(lost int) {
	up := "all workers are ready"
	if lost > 0 {
		up = terminal.Plural(lost, "worker") + " could not be started (`initiator why` says why and what follows); the other workers keep running"
	}
	if u.live == nil {
		u.log.Info(up)
		return
	}
	u.live.PrintLine(up + "; Ctrl-C stops them")
	u.live.PrintLine("the API is at " + u.in.URL() + ", its token in " + shortestPath(filepath.Join(u.in.StateDir(), "token")))
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
