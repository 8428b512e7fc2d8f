package main

import (
	"fmt"

	"initiator/initiator/task"
)

// showState prints the state of a task in one line.
func (a *app) showState(t task.Task) error {
	if a.Format.JSON {
		return a.Out.WriteJSON(t)
	}
	return a.Out.WriteLines(fmt.Sprintf("%s %s: %s", t.ID, t.State, t.Reason))
}
