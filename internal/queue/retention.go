package queue

import (
	"cmp"
	"time"

	"initiator/initiator/task"
)

// Retention says how long and how many terminal tasks of a pool are kept. The fields
// Age and Count are for completed and cancelled tasks.
type Retention struct {
	Age    time.Duration  // since the end of the task; 0 = no limit
	Count  int            // the newest tasks; 0 = no limit
	Failed RetentionLimit // of failed tasks
	Dead   RetentionLimit // of dead tasks
}

// RetentionLimit limits the terminal tasks that are kept in some states. The zero
// value has no limit.
type RetentionLimit struct {
	Age   time.Duration // since the end of the task; 0 = no limit
	Count int           // the newest tasks; 0 = no limit
}

// limits returns the limit of each finished list.
func (r Retention) limits() [finishedLists]RetentionLimit {
	return [finishedLists]RetentionLimit{endedList: {r.Age, r.Count}, failedList: r.Failed, deadList: r.Dead}
}

// keepsTask reports whether a terminal task is kept that ended age ago and is
// the nth newest of its list.
func (l RetentionLimit) keepsTask(n int, age time.Duration) bool {
	return (l.Count == 0 || n <= l.Count) && l.isYoung(age)
}

// isYoung reports whether a task that ended age ago is kept unless there are too
// many.
func (l RetentionLimit) isYoung(age time.Duration) bool { return l.Age == 0 || age < l.Age }

// withDefaults returns l with the zero fields set from standard.
func (l RetentionLimit) withDefaults(standard RetentionLimit) RetentionLimit {
	return RetentionLimit{Age: cmp.Or(l.Age, standard.Age), Count: cmp.Or(l.Count, standard.Count)}
}

// withDefaults returns r with the zero fields set from standard.
func (r Retention) withDefaults(standard Retention) Retention {
	return Retention{
		Age: cmp.Or(r.Age, standard.Age), Count: cmp.Or(r.Count, standard.Count),
		Failed: r.Failed.withDefaults(standard.Failed), Dead: r.Dead.withDefaults(standard.Dead),
	}
}

// SetRetention implements Queue.
func (e *Engine) SetRetention(pool string, r Retention) {
	p := e.poolTasks(pool)
	p.retention = r.withDefaults(e.standard)
	e.toTrim[p] = true
}

// ExpireTasks implements Queue.
func (e *Engine) ExpireTasks(now time.Time) (ended []task.Task, woken bool) {
	woken = e.retryStorage(now)
	for {
		r, ok := e.alarms.takeDue(now.UnixNano())
		if !ok {
			break
		}
		if !r.isQueued() {
			continue
		}
		if en := r.en; en.deadline == 0 || en.deadline > now.UnixNano() {
			e.endDelay(en)
			woken = true
		} else {
			ended = append(ended, e.expireTask(en, now))
		}
	}
	e.trimFinished(now)
	return ended, woken
}

// endDelay puts a task whose delay is over at the end of its priority. That needs
// no new record: Open ignores a NotBefore in the past.
func (e *Engine) endDelay(en *entry) {
	e.seq++
	en.seq, en.at = e.seq, 0
	e.placeQueued(en, false)
}

// expireTask ends a queued task whose deadline has passed.
func (e *Engine) expireTask(en *entry, now time.Time) task.Task {
	if _, err := e.loadTask(en); err != nil {
		e.endUnreadable(en, now, err)
		return *en.task
	}
	e.setState(en, failed, "its deadline passed in the queue")
	e.finishTask(en, now, AttemptOutcome{})
	return *en.task
}

// trimFinished drops terminal tasks beyond their retention, oldest first. It looks
// at pools in which a task has finished, and once a second at every pool.
func (e *Engine) trimFinished(now time.Time) {
	for p := range e.toTrim {
		if e.trimPool(p, now) {
			delete(e.toTrim, p)
		}
	}
	if d := now.Sub(e.checked); d > -time.Second && d < time.Second {
		return
	}
	e.checked = now
	for _, p := range e.pools {
		e.trimPool(p, now)
	}
}

// dropTask removes a task from the index. Its records stay in the files until their
// segments are removed. Segments are removed oldest first, so the record of the
// end is removed last.
func (e *Engine) dropTask(en *entry) {
	p := en.pool
	p.counts[en.state]--
	delete(e.byID, en.id)
	delete(e.running, en)
	e.subtractRecords(en)
	e.relations.removeTask(en)
	en.state, en.task = gone, nil
	if p.goneCount++; p.goneCount > 64 && p.goneCount > len(p.order)/2 {
		p.sweepOrder()
	}
}

// sweepOrder removes the dropped entries from order.
func (p *poolTasks) sweepOrder() {
	kept := make([]*entry, 0, 2*(len(p.order)-p.goneCount))
	for _, en := range p.order {
		if en.state != gone {
			kept = append(kept, en)
		}
	}
	p.order, p.goneCount = kept, 0
}
