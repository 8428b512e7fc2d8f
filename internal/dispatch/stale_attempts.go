package dispatch

import (
	"github.com/google/uuid"
)

// staleAttempt is an attempt that a worker lists as running although the
// attempt is not assigned to it.
type staleAttempt struct {
	task   uuid.UUID
	number int
}

// staleAttempts are the stale attempts of a worker. The worker may have made
// the list of a heartbeat before a result that has arrived since, so an attempt
// counts as stale only when a second heartbeat lists it again. The zero value
// is empty.
type staleAttempts struct {
	once  map[staleAttempt]bool // listed by the newest heartbeat
	twice map[staleAttempt]bool // listed by the two newest heartbeats
	tasks map[uuid.UUID]bool    // the tasks of twice
}

// afterHeartbeat returns the stale attempts after one more heartbeat, which
// lists these attempts that are not assigned to the worker. It is pure, and
// takes a map lookup for each attempt.
func (s staleAttempts) afterHeartbeat(unassigned []staleAttempt) (next staleAttempts) {
	if len(unassigned) == 0 {
		return next
	}
	next.once = make(map[staleAttempt]bool, len(unassigned))
	for _, a := range unassigned {
		next.once[a] = true
		if !s.once[a] {
			continue
		}
		if next.twice == nil {
			next.twice, next.tasks = map[staleAttempt]bool{}, map[uuid.UUID]bool{}
		}
		next.twice[a], next.tasks[a.task] = true, true
	}
	return next
}
