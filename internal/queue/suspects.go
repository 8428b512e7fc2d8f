package queue

import (
	"time"

	"initiator/initiator/task"
)

// suspicionAfter returns the mark of a task after its attempt has ended with
// outcome o, and after which the task is in the state next. It is pure.
//
// The end of a worker that ran several tasks halves the group of each. The end
// of a worker that ran this task alone keeps the mark, because the task is then
// the reason. An end that says nothing about the task keeps the mark too: the
// attempt was refused, released or interrupted. Every other end clears the task.
func suspicionAfter(t *task.Task, o AttemptOutcome, next task.State, now time.Time) task.Suspicion {
	s := t.Suspicion
	cleared := task.Suspicion{Times: s.Times}
	switch {
	case next != task.Queued:
		return cleared
	case o.Outcome == task.OutcomeSuspected:
		return task.Suspicion{Group: suspectGroup(s, o.Suspects), Ran: task.Seconds(now.Sub(t.Started)), Times: s.Times + 1}
	case o.Suspects == 1 && s.IsSuspect():
		s.Group = 1
		return s
	case o.Outcome == task.OutcomeRefused, o.Outcome == task.OutcomeReleased, o.Outcome == task.OutcomeInterrupted:
		return s
	}
	return cleared
}

// suspectGroup returns the group of a task that was one of n suspects. before is
// its mark until then.
func suspectGroup(before task.Suspicion, n int) int {
	if before.Times+1 >= task.MaxSuspicions {
		return 1
	}
	return (n + 1) / 2
}

// minClearAfter is the least time for which a suspect must run to be cleared. A
// crash shortly after the start of an attempt does not come at the same moment
// each time.
const minClearAfter = time.Second

// ClearsAfter returns how long the attempt of a suspect must run so that the
// suspect is cleared. It reports false for a task that is no suspect, and for a
// suspect that runs alone until its attempt ends.
func ClearsAfter(s task.Suspicion) (time.Duration, bool) {
	if !s.IsSuspect() || s.Times >= task.MaxSuspicions {
		return 0, false
	}
	return max(2*s.Ran.Duration(), minClearAfter), true
}

// NextSuspect implements Queue.
func (e *Engine) NextSuspect(now time.Time, pool string) (task.Task, bool) {
	if _, en := e.firstSuspect(now, pool); en != nil {
		return *en.task, true
	}
	return task.Task{}, false
}

// LeaseSuspect implements Queue.
func (e *Engine) LeaseSuspect(now time.Time, pool, guid string, incarnation int) (task.Task, bool) {
	list, en := e.firstSuspect(now, pool)
	if en == nil || e.StorageError() != nil {
		return task.Task{}, false
	}
	list.removeAt(0)
	return e.startAttempt(en, now, guid, incarnation), true
}

// firstSuspect returns the first ready suspect of a pool, with its record in
// memory, at the head of its list; nil = there is none. It removes void refs.
func (e *Engine) firstSuspect(now time.Time, pool string) (*fifo, *entry) {
	p := e.pools[pool]
	if p == nil {
		return nil, nil
	}
	for level := priorities - 1; level >= 0; level-- {
		f := &p.suspects.levels[level]
		for f.waiting() > 0 {
			r := f.refs[f.head]
			if !r.isQueued() {
				f.removeAt(0)
				continue
			}
			_, err := e.loadTask(r.en)
			if err == nil {
				return f, r.en
			}
			e.endUnreadable(r.en, now, err) // which makes the ref void
		}
	}
	return nil, nil
}

// ClearSuspect implements Queue.
func (e *Engine) ClearSuspect(l Lease) bool {
	en, ok := e.byID[l.Task]
	if !ok || en.state != running || !en.task.Suspicion.IsSuspect() {
		return false
	}
	if current, _ := LeaseOf(en.task); current != l {
		return false
	}
	en.task.Suspicion = task.Suspicion{Times: en.task.Suspicion.Times}
	e.markChanged(en)
	return true
}
