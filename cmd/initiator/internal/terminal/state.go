package terminal

import (
	"initiator/internal/lifecycle"
	"initiator/internal/queue"
	"initiator/internal/supervise"
)

// Unready is shown for a worker that is RUNNING and does not answer.
const Unready = "UNREADY"

// StateName is the state of a worker in one word.
func StateName(w supervise.Worker) string {
	if w.State == lifecycle.Running && !w.Ready {
		return Unready
	}
	return w.State.String()
}

// StateColour is green for what is well, red for what is not, yellow between.
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
