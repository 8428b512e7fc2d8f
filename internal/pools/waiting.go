package pools

import (
	"slices"
	"time"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/queue"
	"initiator/internal/supervise"
)

// ExplainWaiting sets the reason of queued tasks to what they wait for now. Their
// records cannot have it: whether a pool is paused, or has no ready worker,
// changes without them. It changes list and returns it.
func (p *Pools) ExplainWaiting(list ...task.Task) []task.Task {
	isQueued := func(t task.Task) bool { return t.State == task.Queued }
	if !slices.ContainsFunc(list, isQueued) {
		return list
	}
	ready, now := readyPools(p.Workers()), time.Now()
	for i := range list {
		list[i].Reason = waitReason(list[i], now, p.Paused.Contains(list[i].Pool), ready[list[i].Pool])
	}
	return list
}

// readyPools returns the definitions that have at least one ready worker.
func readyPools(list []supervise.Worker) map[string]bool {
	ready := map[string]bool{}
	for _, w := range list {
		if w.State == lifecycle.Running && w.Ready {
			ready[w.Name] = true
		}
	}
	return ready
}

// waitReason is the reason of a task now. Where the pool gives none, it is the
// reason in the task's record.
func waitReason(t task.Task, now time.Time, paused, ready bool) string {
	switch {
	case t.State != task.Queued:
		return t.Reason
	case paused:
		return "its pool is paused: `initiator resume " + t.Pool + "` lets it go on"
	case t.NotBefore.After(now):
		if t.Reason == queue.ReasonWaitsForSlot {
			return "waits until " + t.NotBefore.Local().Format(time.DateTime)
		}
		return t.Reason
	case !ready:
		return "no worker of " + t.Pool + " is ready: `initiator why " + t.Pool + "` says why"
	}
	return t.Reason
}
