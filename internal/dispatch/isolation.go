package dispatch

import (
	"github.com/google/uuid"
)

// isolation holds, for each task that was only suspected of ending its worker,
// the task beside which it does not run next: the crash suspect. Each question
// costs a map lookup for an ordinary task. The zero value is empty.
type isolation struct {
	from   map[uuid.UUID]uuid.UUID          // crash suspect of each isolated task
	beside map[uuid.UUID]map[uuid.UUID]bool // isolated tasks of each crash suspect
}

// isEmpty reports whether no task is isolated.
func (i *isolation) isEmpty() bool { return len(i.from) == 0 }

// isolateTask notes that a task must not run beside a crash suspect.
func (i *isolation) isolateTask(id, suspect uuid.UUID) {
	i.removeTask(id)
	if i.from == nil {
		i.from, i.beside = map[uuid.UUID]uuid.UUID{}, map[uuid.UUID]map[uuid.UUID]bool{}
	}
	if i.beside[suspect] == nil {
		i.beside[suspect] = map[uuid.UUID]bool{}
	}
	i.from[id], i.beside[suspect][id] = suspect, true
}

// removeTask ends the isolation of a task.
func (i *isolation) removeTask(id uuid.UUID) {
	suspect, ok := i.from[id]
	if !ok {
		return
	}
	delete(i.from, id)
	if delete(i.beside[suspect], id); len(i.beside[suspect]) == 0 {
		delete(i.beside, suspect)
	}
}

// isolateAttempt notes the crash suspect beside which the next attempt at this
// task must not run. A task never loses two attempts to the same neighbour.
func (p *workerConn) isolateAttempt(r *attempt) {
	if p.crashSuspect != uuid.Nil && p.crashSuspect != r.lease.Task {
		p.pool.isolated.isolateTask(r.lease.Task, p.crashSuspect)
	}
}

// avoids reports whether a task must not run in this worker now, because the
// task or a running task is isolated from the other. This never blocks both for
// good: one of the two runs, and ends.
func (p *workerConn) avoids(id uuid.UUID) bool {
	isolated := &p.pool.isolated
	if suspect, is := isolated.from[id]; is && p.running[suspect] != nil {
		return true
	}
	for other := range isolated.beside[id] {
		if p.running[other] != nil {
			return true
		}
	}
	return false
}
