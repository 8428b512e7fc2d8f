package initiator

import (
	"slices"
	"time"

	"initiator/internal/lifecycle"
	"initiator/internal/queue"
	"initiator/internal/supervise"
)

// waiting says of queued tasks what they wait for now, which their records cannot
// know: a pause, or workers of which none is ready.
func (in *Initiator) waiting(list ...task.Task) []task.Task {
	queued := func(t task.Task) bool { return t.State == task.Queued }
	if !slices.ContainsFunc(list, queued) {
		return list
	}
	ready, now := readyPools(in.Workers()), time.Now()
	for i := range list {
		list[i].Reason = waitsFor(list[i], now, in.pauses.has(list[i].Pool), ready[list[i].Pool])
	}
	return list
}

// readyPools are the definitions of which at least one worker is ready.
func readyPools(list []supervise.Worker) map[string]bool {
	pools := map[string]bool{}
	for _, w := range list {
		if w.State == lifecycle.Running && w.Ready {
			pools[w.Name] = true
		}
	}
	return pools
}

// waitsFor is the reason of a task as it is now. What it does not know better
// it leaves as the record has it.
func waitsFor(t task.Task, now time.Time, paused, ready bool) string {
	switch {
	case t.State != task.Queued:
		return t.Reason
	case paused:
		return "its pool is paused: `initiator resume " + t.Pool + "` lets it go on"
	case t.NotBefore.After(now):
		if t.Reason == task.WaitsForSlot {
			return "waits until " + t.NotBefore.Local().Format(time.DateTime)
		}
		return t.Reason
	case !ready:
		return "no worker of " + t.Pool + " is ready: `initiator why " + t.Pool + "` says why"
	}
	return t.Reason
}
