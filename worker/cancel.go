package worker

import "time"

// abandonGrace is how long abandonTasks waits for cancelled handlers. After
// that it frees their slots although the handlers still run.
const abandonGrace = time.Second

// cancelTask ends the context of every running attempt at a task, with the
// given reason. It takes no lock.
func (e *executor) cancelTask(id string, reason error) {
	e.cancelAttempt(attemptKey{id: keyID(id)}, reason)
}

// cancelAttempt ends the context of one running attempt; attempt 0 means every
// attempt.
func (e *executor) cancelAttempt(which attemptKey, reason error) {
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil && run.key.id == which.id && (which.attempt == 0 || run.key.attempt == which.attempt) {
			run.context.endContext(reason)
		}
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
