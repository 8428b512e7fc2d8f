package main

import (
	"initiator/initiator"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// readinessCount finds out, where nothing is drawn, when every worker is ready or was
// given up. All of them are looked at only when enough have told something:
// looking costs, and there may be thousands.
type readinessCount struct {
	complete bool
	settled  map[string]bool // guids that were ready, or that rest
}

func (c *readinessCount) noteTransitions(past []supervise.Transition, in *initiator.Initiator, wanted func(name string) bool, done func(lost int)) {
	if c.complete {
		return
	}
	if c.settled == nil {
		c.settled = map[string]bool{}
	}
	for _, t := range past {
		if t.Ready || t.To == lifecycle.Fatal || t.To == lifecycle.Exited {
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
	waits, lost := countOutstanding(in.Workers(), wanted)
	if waits == 0 {
		c.complete = true
		done(lost)
	}
}

// countOutstanding counts the workers that may still come up, and those that were
// given up. Wanted says whether a definition starts by itself: before its first
// process, that alone tells a worker that is about to start from one that is to
// rest.
func countOutstanding(workers []supervise.Worker, wanted func(name string) bool) (waits, lost int) {
	for _, w := range workers {
		switch {
		case unrecoverableReason(w, workers, false, nil) != "":
			lost++
		case mayBecomeReady(w), w.State == lifecycle.Stopped && w.Incarnation == 0 && wanted(w.Name):
			waits++
		}
	}
	return waits, lost
}

// mayBecomeReady says whether a worker may still become ready by itself.
func mayBecomeReady(w supervise.Worker) bool {
	switch w.State {
	case lifecycle.Starting, lifecycle.Backoff, lifecycle.Stopping:
		return true
	case lifecycle.Running:
		return !w.Ready
	}
	return w.State == lifecycle.Stopped && len(w.WaitsFor) > 0
}
