package queue

import (
	"time"

	"initiator/initiator/task"
)

// Retention says how long finished tasks are kept.
type Retention struct {
	Age   time.Duration // 0 = an hour
	Count int           // 0 = 10,000
}

func (r Retention) withDefaults(standard Retention) Retention {
	if r.Age == 0 {
		r.Age = standard.Age
	}
	if r.Count == 0 {
		r.Count = standard.Count
	}
	return r
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

// endDelay puts a task whose delay is over at the end of its line. The record says
// all of it already.
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

// trimFinished drops finished tasks beyond their retention, oldest first: by count
// where one has finished, by age once a second.
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

// trimPool drops those of one pool, and reports whether it could drop them all.
// One whose end is not on the disk yet has to stay: its beginning is there, and
// would be all that a restart finds.
func (e *Engine) trimPool(p *poolTasks, now time.Time) (done bool) {
	n := 0
	done = true
	for _, r := range p.finished {
		if r.isFinished() {
			if len(p.finished)-n <= p.retention.Count && now.UnixNano()-r.en.at < int64(p.retention.Age) {
				break
			}
			if done = e.disk == nil || r.seq <= e.disk.storedSeq; !done {
				break
			}
			e.dropTask(r.en)
		}
		p.finished[n] = ref{}
		n++
	}
	p.finished = p.finished[n:]
	return done
}

// dropTask removes a task from the index. Its records are left to void themselves:
// those of its end are removed after those of its beginning.
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

// sweepOrder takes those that are gone out of the order.
func (p *poolTasks) sweepOrder() {
	kept := make([]*entry, 0, 2*(len(p.order)-p.goneCount))
	for _, en := range p.order {
		if en.state != gone {
			kept = append(kept, en)
		}
	}
	p.order, p.goneCount = kept, 0
}
