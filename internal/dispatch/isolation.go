package dispatch

import (
	"github.com/google/uuid"
)

// isolateAttempt notes the crash suspect beside which the next attempt at this
// task must not run. A task never loses two attempts to the same neighbour.
func (p *workerConn) isolateAttempt(r *attempt) {
	if p.crashSuspect != uuid.Nil && p.crashSuspect != r.lease.Task {
		p.pool.isolated[r.lease.Task] = p.crashSuspect
	}
}

// avoids reports whether a task must not run in this worker now, because the
// task or a running task is isolated from the other. This never blocks both for
// good: one of the two runs, and ends.
func (p *workerConn) avoids(id uuid.UUID) bool {
	isolated := p.pool.isolated
	if len(isolated) == 0 {
		return false
	}
	if suspect, is := isolated[id]; is && p.running[suspect] != nil {
		return true
	}
	for other := range p.running {
		if isolated[other] == id {
			return true
		}
	}
	return false
}
