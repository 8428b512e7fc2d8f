package worker

import (
	"time"

	"github.com/google/uuid"
)

// abandonGrace is how long abandonTasks waits for cancelled handlers. After
// that it frees their slots although the handlers still run.
const abandonGrace = time.Second

// cancelTasks ends the context of every running attempt at these tasks, with
// the given reason. It looks at each slot once, however many tasks there are.
// It takes no lock.
func (e *executor) cancelTasks(ids []string, reason error) {
	if len(ids) == 0 {
		return
	}
	wanted := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		wanted[keyID(id)] = true
	}
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil && wanted[run.key.id] {
			run.context.endContext(reason)
		}
	}
}

// cancelAttempt ends the context of one attempt, if it runs; attempt 0 means
// every attempt.
func (e *executor) cancelAttempt(which attemptKey, reason error) {
	if which.attempt == 0 {
		e.cancelTasks([]string{which.id.String()}, reason)
		return
	}
	e.mu.Lock()
	run := e.known[which]
	e.mu.Unlock()
	if run != nil && e.slots[run.slot].Load() == run {
		run.context.endContext(reason)
	}
}

// abandonTasks cancels the tasks of an owner, forgets them and drops their
// outcomes. It returns when their slots are free: when their handlers have
// returned, or after a grace of one second. After the grace the handlers go on
// outside any slot.
func (e *executor) abandonTasks(owner any, reason error) {
	var runs []*execution
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil && run.owner == owner {
			run.context.endContext(reason)
			runs = append(runs, run)
		}
	}
	grace := time.NewTimer(abandonGrace)
	defer grace.Stop()
	for _, run := range runs {
		select {
		case <-run.returnedChannel():
		case <-grace.C:
			grace.Reset(0) // all handlers share one grace
		}
		e.forgetRun(run)
	}
}

// forgetRun forgets a run, so that the same attempt can be given to this
// worker again.
func (e *executor) forgetRun(run *execution) {
	e.mu.Lock()
	switch e.known[run.key] {
	case run:
		delete(e.known, run.key)
	case nil:
		e.finished.forgetTask(run.key)
	}
	released := e.releaseSlot(run)
	e.mu.Unlock()
	if released {
		e.releaseHold()
	}
}
