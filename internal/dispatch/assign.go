package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
)

// assign gives ready tasks to free slots, in every pool in which something has
// changed since the last round.
func (d *Dispatcher) assign(now time.Time) {
	for p := range d.changed {
		delete(d.changed, p)
		for d.assignOne(p, now) {
		}
	}
}

// assignOne leases one task to the best worker that may have it. Only where
// the best one may not have every task are the others looked at.
func (d *Dispatcher) assignOne(p *pool, now time.Time) bool {
	best := p.balance.first()
	if best == nil || p.Paused {
		return false
	}
	if skip := skipFor(best); skip == nil {
		return d.lease(p, best, now, nil)
	}
	given := false
	p.balance.each(func(to *peer) bool {
		given = d.lease(p, to, now, skipFor(to))
		return !given
	})
	return given
}

// skipFor leaves out the tasks that a worker has refused, and those of which
// it still runs an older attempt, and bad neighbours. Nil when there are none.
func skipFor(to *peer) func(uuid.UUID) bool {
	if len(to.pool.refused) == 0 && len(to.pool.shy) == 0 && to.stopping == 0 && len(to.strays) == 0 {
		return nil
	}
	return func(id uuid.UUID) bool {
		return to.pool.refused[id][to.who] || to.running[id] != nil || to.astray(id) || to.shuns(id)
	}
}

// lease takes the next task for one worker, and sends it once that is
// committed: the worker must not begin what nobody will remember.
func (d *Dispatcher) lease(p *pool, to *peer, now time.Time, skip func(uuid.UUID) bool) bool {
	t, ok := d.o.Queue.Next(now, p.Name, to.guid, to.incarnation, skip)
	if !ok {
		return false
	}
	d.announce(&t, now)
	r := newRun(to, t, now)
	to.running[t.ID] = r
	p.balance.place(to, to.free())
	d.timers.Set(&r.timer, r.ends)
	d.effects = append(d.effects, effect{run: r})
	return true
}

// leased sends a task whose lease is kept, or gives it back.
func (d *Dispatcher) leased(r *run, err error) {
	if err != nil {
		d.box.Put(postedMessage{r.timer.Value.peer, r, posted{unkept: err}})
		return
	}
	d.send(r.timer.Value.peer, r)
}

func newRun(to *peer, t task.Task, now time.Time) *run {
	l, _ := t.Lease()
	r := &run{lease: l, method: t.Method, data: t.Data, try: t.Tries(), began: now, seen: now, moved: now, ends: endOf(t, now), patience: t.Policy.ProgressTimeout.D()}
	r.timer.Value = timerTarget{to, r}
	return r
}

// endOf is when the attempt must have ended: its timeout or the deadline,
// whichever is first; zero when there is neither.
func endOf(t task.Task, now time.Time) time.Time {
	end := t.Deadline
	if t.Policy.Timeout > 0 {
		if by := now.Add(t.Policy.Timeout.D()); end.IsZero() || by.Before(end) {
			end = by
		}
	}
	return end
}
