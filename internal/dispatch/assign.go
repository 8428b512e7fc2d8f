package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
)

// assignTasks gives ready tasks to free slots, in every pool that changed since
// the last round.
func (d *Dispatcher) assignTasks(now time.Time) {
	for p := range d.changed {
		delete(d.changed, p)
		d.assignSuspects(p, now)
		for d.assignNextTask(p, now) {
		}
	}
}

// assignNextTask leases one task to the best worker that may run it. It looks
// at the other workers only when the best worker may not run every task.
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

// skipFilter returns a filter for the tasks that a worker must not get: those
// it refused, those of which it still runs an older attempt, and those that
// must not run beside one of its tasks. nil = there are none.
func skipFilter(to *workerConn) func(uuid.UUID) bool {
	if len(to.pool.refused) == 0 && to.pool.isolated.isEmpty() && to.stopping == 0 && len(to.stale.twice) == 0 {
		return nil
	}
	return func(id uuid.UUID) bool { return to.mustNotGet(id) || to.avoids(id) }
}

// mustNotGet reports whether the worker has refused a task, or still runs an
// older attempt at it.
func (p *workerConn) mustNotGet(id uuid.UUID) bool {
	return p.pool.refused[id][p.workerID] || p.running[id] != nil || p.stale.tasks[id]
}

// leaseTask takes the next task for a worker, and sends it once the lease is
// committed. A worker must not start a task whose lease could be lost.
func (d *Dispatcher) leaseTask(p *pool, to *workerConn, now time.Time, skip func(uuid.UUID) bool) bool {
	t, ok := d.opts.Queue.LeaseNext(now, p.Name, to.guid, to.incarnation, skip)
	if !ok {
		return false
	}
	d.startLeased(to, t, now)
	return true
}

// startLeased begins the attempt of a task that was leased to a worker.
func (d *Dispatcher) startLeased(to *workerConn, t task.Task, now time.Time) {
	d.publishTask(&t, now)
	r := newAttempt(to, t, now)
	r.unsent = true
	d.addRunning(to, r, t.Suspicion)
	to.pool.balancer.placeWorker(to, to.freeSlots())
	d.effects = append(d.effects, effect{attempt: r})
}

// addRunning adds an attempt to the running attempts of a worker, and sets its
// timers.
func (d *Dispatcher) addRunning(to *workerConn, r *attempt, s task.Suspicion) {
	to.running[r.lease.Task] = r
	to.noteOnlyAttempt()
	d.timers.Set(&r.timer, r.dueTime())
	d.trackSuspect(to, r, s)
}

// sendLeased sends an attempt whose lease is stored. With an error, the attempt
// goes back to the queue.
func (d *Dispatcher) sendLeased(r *attempt, err error) {
	if err != nil {
		d.mailbox.Put(attemptResultMessage{r.timer.Value.conn, r, transportResult{status: leaseNotStored, err: err}})
		return
	}
	if !r.ended.Load() {
		d.beginLeased(r, time.Now())
	}
	d.sendAttempt(r.timer.Value.conn, r)
}

// beginLeased begins the time of an attempt that is about to be sent. A disk that
// hangs delays that, and charges no attempt.
func (d *Dispatcher) beginLeased(r *attempt, now time.Time) {
	waited := now.Sub(r.began)
	r.unsent, r.began, r.lastListed, r.lastProgress = false, now, now, now
	if !r.timeout.IsZero() {
		r.grantTime(r.timeout.Add(waited))
		r.toldDeadline = r.deadline
		d.setAttemptTimer(r.timer.Value.conn, r)
	}
	if r.suspect && !r.clearAt.IsZero() {
		r.clearAt = r.clearAt.Add(waited)
		d.timers.Set(&r.clearTimer, r.clearAt)
	}
}

func newAttempt(to *workerConn, t task.Task, now time.Time) *attempt {
	l, _ := queue.LeaseOf(&t)
	r := &attempt{lease: l, method: t.Method, data: t.Data, number: t.Tries(), lastListed: now, lastProgress: now, progressTimeout: t.Policy.ProgressTimeout.Duration(), atMostOnce: t.Policy.AtMostOnce}
	r.beginAt(t, now)
	r.timer.Value = timerTarget{conn: to, attempt: r}
	return r
}

// beginAt sets when the attempt began, and when it must have ended: after its
// timeout, or at the task's deadline, whichever comes first.
func (r *attempt) beginAt(t task.Task, at time.Time) {
	r.began, r.taskDeadline = at, t.Deadline
	if t.Policy.Timeout > 0 {
		r.timeout = at.Add(t.Policy.Timeout.Duration())
	}
	r.deadline = earlierTime(r.taskDeadline, r.timeout)
	r.toldDeadline = r.deadline
}

// grantTime moves the timeout of an attempt to a time, if it is earlier. The
// deadline of the task is a time of day, and stays.
func (r *attempt) grantTime(until time.Time) {
	if r.timeout.IsZero() || !r.timeout.Before(until) {
		return
	}
	r.timeout = until
	r.deadline = earlierTime(r.taskDeadline, r.timeout)
}

// sendAttempt sends an attempt by the best transport that takes it.
func (d *Dispatcher) sendAttempt(p *workerConn, r *attempt) {
	if !p.transport.sendTask(r) {
		webhookTransport{d, p}.sendTask(r)
	}
}
