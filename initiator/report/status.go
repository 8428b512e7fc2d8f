package report

import (
	"time"

	"initiator/initiator/task"
)

// Status describes a running initiator.
type Status struct {
	PID     int       `json:"pid"`
	Version string    `json:"version"`
	Config  string    `json:"config"`
	URL     string    `json:"url"`
	Socket  string    `json:"socket,omitempty"`
	Started time.Time `json:"started"`
	// Generation counts the programs that this process has been, from 0.
	Generation int `json:"generation,omitempty"`
	// UpgradeError says why the last upgrade was reverted.
	UpgradeError string `json:"upgrade_error,omitempty"`
	// Stopping is set once the end has begun.
	Stopping bool     `json:"stopping,omitempty"`
	Workers  []Worker `json:"workers"`
	// Tasks counts by pool and state.
	Tasks map[string]task.Counts `json:"tasks"`
	// Paused are the pools that do not hand out their tasks.
	Paused []string `json:"paused,omitempty"`
	// StorageError says why tasks cannot be stored now; none are accepted then.
	StorageError string `json:"storage_error,omitempty"`
	// Problems last until a person mends them.
	Problems []Problem `json:"problems,omitempty"`
	// Unattributed names, as "pid command", the processes that workers have
	// started and that belong to no worker that is known.
	Unattributed []string `json:"unattributed,omitempty"`
	// Left are the processes that workers have left and that nothing ends
	// (leave_descendants).
	Left []LeftProcess `json:"left,omitempty"`
}

// Problem is one thing that is wrong.
type Problem struct {
	// Name says which kind of problem it is, in words joined by "_". It has no
	// secrets and no paths, because /healthz shows it to everybody.
	Name string `json:"name"`
	// Reason says what happened, to what, why, and what to do.
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}
