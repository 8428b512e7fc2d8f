package main

import (
	"initiator/initiator"
	"initiator/internal/supervise"
)

// census finds out, where nothing is drawn, when every worker is ready or was
// given up. All of them are looked at only when enough have told something:
// looking costs, and there may be thousands.
type census struct {
	over bool
	told map[string]bool // guids that were ready, or that rest
}

func (c *census) heed(past []supervise.Transition, in *initiator.Initiator, wanted func(name string) bool, done func(lost int)) {
	if c.over {
		return
	}
	if c.told == nil {
		c.told = map[string]bool{}
	}
	for _, t := range past {
		if t.Ready || t.To == supervise.Fatal || t.To == supervise.Exited {
			c.told[t.GUID] = true
		}
	}
	expected := 0
	for _, s := range in.Plan().Workers {
		if s.Autostart {
			expected += s.Replicas
		}
	}
	if len(c.told) < expected {
		return
	}
	waits, lost := outstanding(in.Workers(), wanted)
	if waits == 0 {
		c.over = true
		done(lost)
	}
}

// outstanding counts the workers that may still come up, and those that were
// given up. Wanted says whether a definition starts by itself: before its first
// process, that alone tells a worker that is about to start from one that is to
// rest.
func outstanding(workers []supervise.Worker, wanted func(name string) bool) (waits, lost int) {
	for _, w := range workers {
		switch {
		case givenUp(w, workers, false, nil) != "":
			lost++
		case pending(w), w.State == supervise.Stopped && w.Incarnation == 0 && wanted(w.Name):
			waits++
		}
	}
	return waits, lost
}
