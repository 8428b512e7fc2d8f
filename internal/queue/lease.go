package queue

import (
	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Lease is the right to end one attempt. A result that does not carry the
// current lease of its task is superseded and changes nothing.
type Lease struct {
	Task        uuid.UUID
	Attempt     int    // number of the attempt, as task.Attempt.N
	GUID        string // of the worker
	Incarnation int    // of the worker
}

// LeaseOf returns the current lease of a task. It reports false for a task
// that is not running.
func LeaseOf(t *task.Task) (Lease, bool) {
	if t.State != task.Running || len(t.History) == 0 {
		return Lease{}, false
	}
	a := t.History[len(t.History)-1]
	return Lease{Task: t.ID, Attempt: a.N, GUID: a.Worker, Incarnation: a.Incarnation}, true
}
