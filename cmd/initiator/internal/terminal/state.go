package terminal

import (
	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

// Unready is the state that is shown for a RUNNING worker that is not ready.
const Unready = "UNREADY"

// StateName returns the state of a worker in one word: supervisord's name of
// the state, or Unready.
func StateName(w supervise.Worker) string {
	if w.State == lifecycle.Running && !w.Ready {
		return Unready
	}
	return w.State.String()
}

// StateColour returns the colour of the state of a worker or a task; "" means
// none.
func StateColour(state string) string {
	switch state {
	case lifecycle.Running.String(), string(task.Completed):
		return ColourGood
	case lifecycle.Fatal.String(), lifecycle.Backoff.String(), string(task.Failed), string(task.Dead):
		return ColourBad
	case lifecycle.Starting.String(), lifecycle.Stopping.String(), string(task.Running), Unready:
		return ColourBusy
	}
	return ""
}
