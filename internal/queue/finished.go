package queue

import (
	"time"

	"initiator/initiator/task"
)

// finishedList has the terminal tasks of a pool that share a RetentionLimit. The
// zero value is empty.
type finishedList struct {
	refs      []ref     // oldest end first
	voidCount int       // number of void refs among them, of tasks that were retried
	warned    time.Time // when a drop before the age was last logged
}

// The finished lists of a pool.
const (
	endedList  = iota // completed and cancelled tasks
	failedList        // failed tasks
	deadList          // dead tasks
	finishedLists
)

// listOf returns the finished list for terminal tasks in a state.
func (p *poolTasks) listOf(s stateCode) *finishedList {
	switch s {
	case failed:
		return &p.finished[failedList]
	case dead:
		return &p.finished[deadList]
	default:
		return &p.finished[endedList]
	}
}

// voidRef notes that a task of the list was queued again, which made its ref void.
// It removes the void refs when they are the majority: within a long retention, a
// task can be retried and fail many times.
func (l *finishedList) voidRef() {
	l.voidCount++
	if l.voidCount <= 64 || l.voidCount <= len(l.refs)/2 {
		return
	}
	kept := make([]ref, 0, 2*(len(l.refs)-l.voidCount))
	for _, r := range l.refs {
		if r.isFinished() {
			kept = append(kept, r)
		}
	}
	l.refs, l.voidCount = kept, 0
}

// trimPool drops the terminal tasks of one pool beyond their retention. It reports
// false when a task must stay until its end is on the disk: an older record of the
// task is on the disk, and a restart would find the task unfinished.
func (e *Engine) trimPool(p *poolTasks, now time.Time) (done bool) {
	done = true
	for i, limit := range p.retention.limits() {
		early, stored := e.trimList(&p.finished[i], limit, now)
		done = done && stored
		if early > 0 && i != endedList {
			e.warnDropped(p, i, early, now)
		}
	}
	return done
}

// trimList drops the tasks of one list beyond their retention, oldest first. It
// returns the number of tasks that it dropped before their age, because of their
// number, and whether every task to drop was stored.
func (e *Engine) trimList(l *finishedList, limit RetentionLimit, now time.Time) (early int, stored bool) {
	n := 0
	stored = true
	for _, r := range l.refs {
		if !r.isFinished() {
			l.voidCount = max(0, l.voidCount-1) // a task that could not be stored is not counted
		} else {
			count, age := len(l.refs)-n-l.voidCount, time.Duration(now.UnixNano()-r.en.at)
			if limit.keepsTask(count, age) {
				break
			}
			if stored = e.disk == nil || r.seq <= e.disk.storedSeq; !stored {
				break
			}
			if limit.isYoung(age) {
				early++
			}
			e.dropTask(r.en)
		}
		l.refs[n] = ref{}
		n++
	}
	l.refs = l.refs[n:]
	return early, stored
}

// warnDropped logs, at most once an hour for a list, that failed or dead tasks were
// dropped because of their number. A task that is not stored has no log.
func (e *Engine) warnDropped(p *poolTasks, list, count int, now time.Time) {
	l, state, key := &p.finished[list], task.Failed, "retention_failed"
	if list == deadList {
		state, key = task.Dead, "retention_dead"
	}
	if e.disk == nil || now.Sub(l.warned) < time.Hour {
		return
	}
	l.warned = now
	e.disk.log.Warn("the oldest "+string(state)+" tasks of a pool are dropped before their age, because there are too many; "+key+" sets how many are kept",
		"pool", p.name, "dropped", count, "limit", p.retention.limits()[list].Count)
}
