package task

// Suspicion is the mark of a task whose worker ended by itself while it ran
// several tasks: each of them may be the reason. Suspects run in groups that
// become smaller with each end of a worker, until the reason is alone. The zero
// value means that the task was never suspected.
type Suspicion struct {
	// Group is the most suspects that may run together with this task in one
	// worker, this task included; 1 = it runs alone, 0 = it is no suspect now.
	Group int `json:"group,omitempty"`
	// Ran is how long the attempt had run when its worker ended. A suspect
	// whose attempt runs for twice as long is cleared.
	Ran Seconds `json:"ran,omitempty"`
	// Times is how often the task was suspected since the submit or the last
	// retry by a caller. It stays when the task is cleared.
	Times int `json:"times,omitempty"`
}

// IsSuspect reports whether the task is a suspect now.
func (s Suspicion) IsSuspect() bool { return s.Group > 0 }

// MaxSuspicions is how often a task may be suspected and cleared. A task that
// was suspected more often runs alone until its attempt ends, so that a worker
// cannot end again and again without a charge.
const MaxSuspicions = 10
