package dispatch

import (
	"github.com/google/uuid"
)

// isolateAttempt notes which task the next run of one must not be beside: the culprit
// for which the worker of both was ended. Nobody pays twice for one neighbour.
func (p *workerConn) isolateAttempt(r *attempt) {
	if p.crashSuspect != uuid.Nil && p.crashSuspect != r.lease.Task {
		p.pool.isolated[r.lease.Task] = p.crashSuspect
	}
}

// avoids says whether a task must not run in this worker now, because it or one
// that runs there is shy of the other. There is always a way out: one of the
// two runs, and ends.
func (p *workerConn) avoids(id uuid.UUID) bool {
	shy := p.pool.isolated
	if len(shy) == 0 {
		return false
	}
	if culprit, is := shy[id]; is && p.running[culprit] != nil {
		return true
	}
	for other := range p.running {
		if shy[other] == id {
			return true
		}
	}
	return false
}
