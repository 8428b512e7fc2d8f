package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// assignTasks gives ready tasks to free slots, in every pool in which something has
// changed since the last round.
func (d *Dispatcher) assignTasks(now time.Time) {
	for p := range d.changed {
		delete(d.changed, p)
		for d.assignNextTask(p, now) {
		}
	}
}

// assignNextTask leases one task to the best worker that may have it. Only where
// the best one may not have every task are the others looked at.
func (d *Dispatcher) assignNextTask(p *pool, now time.Time) bool {
	best := p.balancer.firstWorker()
	if best == nil || p.Paused {
		return false
	}
	if skip := skipFilter(best); skip == nil {
		return d.leaseTask(p, best, now, nil)
	}
	given := false
	p.balancer.eachWorker(func(to *workerConn) bool {
		given = d.leaseTask(p, to, now, skipFilter(to))
		return !given
	})
	return given
}

// skipFilter leaves out the tasks that a worker has refused, and those of which
// it still runs an older attempt, and bad neighbours. Nil when there are none.
func skipFilter(to *workerConn) func(uuid.UUID) bool {
	if len(to.pool.refused) == 0 && len(to.pool.isolated) == 0 && to.stopping == 0 && len(to.stale) == 0 {
		return nil
	}
	return func(id uuid.UUID) bool {
		return to.pool.refused[id][to.workerID] || to.running[id] != nil || to.runsStale(id) || to.avoids(id)
	}
}

// leaseTask takes the next task for one worker, and sends it once that is
// committed: the worker must not begin what nobody will remember.
func (d *Dispatcher) leaseTask(p *pool, to *workerConn, now time.Time, skip func(uuid.UUID) bool) bool {
	t, ok := d.opts.Queue.LeaseNext(now, p.Name, to.guid, to.incarnation, skip)
	if !ok {
		return false
	}
	d.publishTask(&t, now)
	r := newAttempt(to, t, now)
	to.running[t.ID] = r
	p.balancer.placeWorker(to, to.freeSlots())
	d.timers.Set(&r.timer, r.deadline)
	d.effects = append(d.effects, effect{attempt: r})
	return true
}

// sendLeased sends a task whose lease is kept, or gives it back.
func (d *Dispatcher) sendLeased(r *attempt, err error) {
	if err != nil {
		d.mailbox.Put(attemptResultMessage{r.timer.Value.conn, r, transportResult{status: leaseNotStored, err: err}})
		return
	}
	d.sendAttempt(r.timer.Value.conn, r)
}

func newAttempt(to *workerConn, t task.Task, now time.Time) *attempt {
	l, _ := queue.LeaseOf(&t)
	r := &attempt{lease: l, method: t.Method, data: t.Data, number: t.Tries(), began: now, lastListed: now, lastProgress: now, deadline: attemptDeadline(t, now), progressTimeout: t.Policy.ProgressTimeout.Duration()}
	r.timer.Value = timerTarget{to, r}
	return r
}

// attemptDeadline is when the attempt must have ended: its timeout or the deadline,
// whichever is first; zero when there is neither.
func attemptDeadline(t task.Task, now time.Time) time.Time {
	end := t.Deadline
	if t.Policy.Timeout > 0 {
		if by := now.Add(t.Policy.Timeout.Duration()); end.IsZero() || by.Before(end) {
			end = by
		}
	}
	return end
}

// sendAttempt brings an attempt to its worker by the best way that will take it.
func (d *Dispatcher) sendAttempt(p *workerConn, r *attempt) {
	if !p.transport.sendTask(r) {
		webhookTransport{d, p}.sendTask(r)
	}
}
