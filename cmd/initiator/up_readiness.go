package main

import (
	"slices"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator"
	"initiator/initiator/report"
)

// readinessCount finds out, where no live view is drawn, when every worker is
// ready, given up or failing. It looks at all workers only when enough of them have
// changed: with thousands of workers a look is expensive.
type readinessCount struct {
	complete bool
	settled  map[string]bool // by guid: was ready, was given up, has died, or waits for another worker
}

// noteTransitions notes state changes, and calls done once, with the names of the
// workers that were given up or keep failing.
func (c *readinessCount) noteTransitions(past []report.Event, in *initiator.Initiator, startsItself func(name string) bool, done func(lost []string)) {
	if c.complete {
		return
	}
	if c.settled == nil {
		c.settled = map[string]bool{}
	}
	for _, t := range past {
		if t.Ready || t.To == report.Fatal || t.To == report.Exited || t.To == report.Backoff || t.To == report.Stopped {
			c.settled[t.GUID] = true
		}
	}
	expected := 0
	for _, s := range in.Plan().Workers {
		if s.Autostart {
			expected += s.Replicas
		}
	}
	if len(c.settled) < expected {
		return
	}
	waits, lost := countOutstanding(in.Workers(), startsItself)
	if waits == 0 {
		c.complete = true
		done(lost)
	}
}

// countOutstanding counts the workers that may still become ready, and names the
// workers that were given up or keep failing, each name once. A worker that never
// ran is about to start when startsItself is true for its definition; otherwise it
// stays stopped. A worker that has ended as it should is neither.
func countOutstanding(workers []report.Worker, startsItself func(name string) bool) (waits int, lost []string) {
	for _, w := range workers {
		switch {
		case w.State == report.Exited && w.LastExit.Class == report.ExitClean:
		case w.KeepsFailing(), unrecoverableReason(w, workers, false, nil) != "":
			if !slices.Contains(lost, w.Name) {
				lost = append(lost, w.Name)
			}
		case cli.IsUnsettled(w), w.State == report.Stopped && w.Incarnation == 0 && startsItself(w.Name):
			waits++
		}
	}
	return waits, lost
}
