package ding

import "strconv"

// Status is the state of a [Task]. The values are those of the original.
type Status int

// The states of a task. A task in state Started always ends: with its result,
// or because the slave was disconnected or lost.
const (
	Idle        Status = 0x00 // not started
	Starting    Status = 0x11 // sent to the slave, not answered yet
	Started     Status = 0x12 // accepted by the slave
	StartFailed Status = 0x13 // refused, or the slave could not be reached
	Completed   Status = 0x21
	Failed      Status = 0x22
)

var statusNames = map[Status]string{
	Idle: "IDLE", Starting: "STARTING", Started: "STARTED",
	StartFailed: "START_FAILED", Completed: "COMPLETED", Failed: "FAILED",
}

// String returns the original's name of the state.
func (s Status) String() string {
	if name, ok := statusNames[s]; ok {
		return name
	}
	return "Status(" + strconv.Itoa(int(s)) + ")"
}
