package terminal

import (
	"initiator/initiator/report"
	"initiator/initiator/task"
)

// Unready is the state that is shown for a RUNNING worker that is not ready.
const Unready = "UNREADY"

// StateName returns the state of a worker in one word: supervisord's name of
// the state, or Unready.
func StateName(w report.Worker) string {
	if w.State == report.Running && !w.Ready {
		return Unready
	}
	return w.State.String()
}

// StateColour returns the colour of the state of a worker or a task; "" means
// none.
func StateColour(state string) string {
	switch state {
	case report.Running.String(), string(task.Completed):
		return ColourGood
	case report.Fatal.String(), report.Backoff.String(), string(task.Failed), string(task.Dead):
		return ColourBad
	case report.Starting.String(), report.Stopping.String(), string(task.Running), Unready:
		return ColourBusy
	}
	return ""
}
