package report

import "initiator/initiator/task"

// Pool is one pool as a caller sees it.
type Pool struct {
	Name   string      `json:"name"`
	Paused bool        `json:"paused"`
	Tasks  task.Counts `json:"tasks"` // by state
}
