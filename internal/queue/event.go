package queue

import (
	"time"

	"initiator/initiator/task"
)

// EventOf returns the event that describes the present state of a task. now is the
// time of the event.
func EventOf(t *task.Task, now time.Time) task.Event {
	n := task.Event{ID: t.ID, Pool: t.Pool, Method: t.Method, At: now, State: t.State, Reason: t.Reason, Attempt: t.Attempt, Try: t.Tries()}
	if len(t.History) > 0 {
		n.Worker = t.History[len(t.History)-1].Worker
	}
	switch {
	case t.State == task.Running:
		n.Progress = t.Progress
	case t.State.Terminal():
		n.Result = t.Result
	case len(t.History) > 0:
		ended := t.History[len(t.History)-1]
		n.Ended, n.Attempts, n.NotBefore = &ended, t.Policy.Attempts, t.NotBefore
	}
	return n
}
