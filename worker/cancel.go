package worker

import "time"

// abandonGrace is how long a cancelled handler may take to notice before its
// slot is given to others although it still runs.
const abandonGrace = time.Second

// Cancel ends the context of every attempt at that task which runs here, for
// the given reason. It takes no lock.
func (e *Executor) Cancel(id string, reason error) {
	e.cancelAttempt(taskKey{id: keyID(id)}, reason)
}

// cancelAttempt is Cancel for one attempt; attempt 0 means every one.
func (e *Executor) cancelAttempt(which taskKey, reason error) {
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil && run.key.id == which.id && (which.attempt == 0 || run.key.attempt == which.attempt) {
			run.context.end(reason)
		}
	}
}

// Abandon cancels the tasks of an owner, forgets them and drops their results.
// It returns when their slots are free: when the handlers have returned, or
// after a second of grace, from when on they run outside any slot.
func (e *Executor) Abandon(owner any, reason error) {
	var runs []*Execution
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil && run.owner == owner {
			run.context.end(reason)
			runs = append(runs, run)
		}
	}
	grace := time.NewTimer(abandonGrace)
	defer grace.Stop()
	for _, run := range runs {
		select {
		case <-run.returned():
		case <-grace.C:
			grace.Reset(0) // the grace is one for all
		}
		e.drop(run)
	}
}

// drop forgets a run, so that the same attempt can be given here anew.
func (e *Executor) drop(run *Execution) {
	e.mu.Lock()
	switch e.known[run.key] {
	case run:
		delete(e.known, run.key)
	case nil:
		e.finished.drop(run.key)
	}
	released := e.release(run)
	e.mu.Unlock()
	if released {
		e.leave()
	}
}

// CancelAll ends the context of every running task.
func (e *Executor) CancelAll(reason error) {
	for i := range e.slots {
		if run := e.slots[i].Load(); run != nil {
			run.context.end(reason)
		}
	}
}
