package pools

import (
	"sync"
	"time"

	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/queue"
)

// WaitingReasons returns a function that returns the reason of a task: of a queued
// task, what it waits for now. Its record cannot have that: whether a pool is
// paused, or has no ready worker, changes without the record. The function asks for
// the workers once, at its first queued task, and one goroutine uses it.
func (p *Pools) WaitingReasons() func(task.Task) string {
	now := time.Now()
	ready := sync.OnceValue(func() map[string]bool { return readyPools(p.Workers()) })
	return func(t task.Task) string {
		if t.State != task.Queued {
			return t.Reason
		}
		return waitReason(t, now, p.Paused.Contains(t.Pool), ready()[t.Pool])
	}
}

// readyPools returns the definitions that have at least one ready worker.
func readyPools(list []report.Worker) map[string]bool {
	ready := map[string]bool{}
	for _, w := range list {
		if w.State == report.Running && w.Ready {
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
