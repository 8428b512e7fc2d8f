package terminal

import (
	"initiator/internal/queue"
	"initiator/internal/supervise"
)

// Unready is shown for a worker that is RUNNING and does not answer.
const Unready = "UNREADY"

// StateName is the state of a worker in one word.
func StateName(w supervise.Worker) string {
	if w.State == supervise.Running && !w.Ready {
		return Unready
	}
	return w.State.String()
}

// StateColour is green for what is well, red for what is not, yellow between.
func StateColour(state string) string {
	switch state {
	case supervise.Running.String(), string(task.Completed):
		return ColourGood
	case supervise.Fatal.String(), supervise.Backoff.String(), string(task.Failed), string(task.Dead):
		return ColourBad
	case supervise.Starting.String(), supervise.Stopping.String(), string(task.Running), Unready:
		return ColourBusy
	}
	return ""
}
