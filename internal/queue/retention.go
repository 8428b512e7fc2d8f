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

func (r Retention) or(standard Retention) Retention {
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
	p := e.pool(pool)
	p.retention = r.or(e.standard)
	e.crowded[p] = true
}

// ExpireTasks implements Queue.
func (e *Engine) ExpireTasks(now time.Time) (ended []task.Task, woken bool) {
	woken = e.recovered(now)
	for {
		r, ok := e.alarms.ring(now.UnixNano())
		if !ok {
			break
		}
		if !r.waits() {
			continue
		}
		if en := r.en; en.deadline == 0 || en.deadline > now.UnixNano() {
			e.ripen(en)
			woken = true
		} else {
			ended = append(ended, e.expire(en, now))
		}
	}
	e.forget(now)
	return ended, woken
}

// ripen puts a task whose delay is over at the end of its line. The record says
// all of it already.
func (e *Engine) ripen(en *entry) {
	e.seq++
	en.seq, en.at = e.seq, 0
	e.place(en, false)
}

// expire ends a queued task whose deadline has passed.
func (e *Engine) expire(en *entry, now time.Time) task.Task {
	if _, err := e.open(en); err != nil {
		e.unreadable(en, now, err)
		return *en.task
	}
	e.move(en, failed, "its deadline passed in the queue")
	e.finish(en, now, AttemptOutcome{})
	return *en.task
}

// forget drops finished tasks beyond their retention, oldest first: by count
// where one has finished, by age once a second.
func (e *Engine) forget(now time.Time) {
	for p := range e.crowded {
		if e.forgetIn(p, now) {
			delete(e.crowded, p)
		}
	}
	if d := now.Sub(e.checked); d > -time.Second && d < time.Second {
		return
	}
	e.checked = now
	for _, p := range e.pools {
		e.forgetIn(p, now)
	}
}

// forgetIn drops those of one pool, and reports whether it could drop them all.
// One whose end is not on the disk yet has to stay: its beginning is there, and
// would be all that a restart finds.
func (e *Engine) forgetIn(p *poolTasks, now time.Time) (done bool) {
	n := 0
	done = true
	for _, r := range p.finished {
		if r.ends() {
			if len(p.finished)-n <= p.retention.Count && now.UnixNano()-r.en.at < int64(p.retention.Age) {
				break
			}
			if done = e.disk == nil || r.seq <= e.disk.kept; !done {
				break
			}
			e.drop(r.en)
		}
		p.finished[n] = ref{}
		n++
	}
	p.finished = p.finished[n:]
	return done
}

// drop removes a task from the index. Its records are left to void themselves:
// those of its end are removed after those of its beginning.
func (e *Engine) drop(en *entry) {
	p := en.pool
	p.counts[en.state]--
	delete(e.byID, en.id)
	delete(e.running, en)
	e.voided(en)
	e.bonds.cut(en)
	en.state, en.task = gone, nil
	if p.left++; p.left > 64 && p.left > len(p.order)/2 {
		p.sweep()
	}
}

// sweep takes those that are gone out of the order.
func (p *poolTasks) sweep() {
	kept := make([]*entry, 0, 2*(len(p.order)-p.left))
	for _, en := range p.order {
		if en.state != gone {
			kept = append(kept, en)
		}
	}
	p.order, p.left = kept, 0
}
