package report

// LeftProcess is a process that a worker has left and that is not ended
// (leave_descendants), or that such a process has started. It belongs to no
// worker. Name and GUID name the worker that has left it.
type LeftProcess struct {
	PID     int    `json:"pid"`
	Command string `json:"command,omitempty"` // of now; in a stored list ""
	Name    string `json:"name,omitempty"`
	GUID    string `json:"guid,omitempty"`
	// StartTime is when it began, in clock ticks since boot. PID and StartTime
	// together never name another process.
	StartTime uint64 `json:"start"`
}
