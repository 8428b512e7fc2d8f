package dispatch

import (
	"time"

	"initiator/internal/webhook"
)

// heartbeatCheckInterval is how often the loop looks at the heartbeats. It is
// ding's default.
const heartbeatCheckInterval = time.Second

// heartbeatLate reports whether the last heartbeat is too old: two and a half
// intervals or more. One lost heartbeat is tolerated, two in a row are not. The
// supervisor decides when to give up the worker.
func heartbeatLate(age, span time.Duration) bool { return age >= span*5/2 }

// checkHeartbeats checks every worker that was ever connected, also while it is
// being connected again, because a worker that hangs then must be found too.
func (d *Dispatcher) checkHeartbeats(now time.Time) {
	for _, p := range d.workers {
		if p.checked {
			d.checkHeartbeat(p, now)
		}
	}
}

func (d *Dispatcher) checkHeartbeat(p *workerConn, now time.Time) {
	b := p.session.lastHeartbeat.Load()
	if heartbeatLate(now.Sub(b.at), p.Span) {
		if !p.unready {
			p.unready = true
			d.updateBalancer(p)
			d.opts.Observer.WorkerOverdue(p.guid, p.incarnation, b.at)
		}
		return
	}
	if p.unready {
		p.unready = false
		d.updateBalancer(p)
		d.opts.Observer.WorkerRecovered(p.guid, p.incarnation)
	}
	d.applyHeartbeat(p, b, now)
	d.reportMeasurements(p, b)
}

func (d *Dispatcher) reportMeasurements(p *workerConn, b *heartbeat) {
	if b.rss > 0 || p.endedTasks != p.reportedTasks {
		p.reportedTasks = p.endedTasks
		d.opts.Observer.WorkerMeasured(p.guid, p.incarnation, p.endedTasks, b.rss)
	}
}

// applyHeartbeat renews the leases of the tasks that the worker lists, and ends
// the leases that lapsed.
func (d *Dispatcher) applyHeartbeat(p *workerConn, b *heartbeat, now time.Time) {
	if b.legacy || p.legacy {
		return // any heartbeat of a legacy worker renews its lease
	}
	if b != p.lastApplied {
		p.lastApplied = b
		d.applyRunningList(p, b)
	}
	p.sendCancels()
	for _, r := range p.running {
		d.checkLease(p, r, b, now)
	}
}

// applyRunningList compares the running list of one heartbeat with the assigned
// attempts.
func (d *Dispatcher) applyRunningList(p *workerConn, b *heartbeat) {
	var unassigned []staleAttempt
	for _, listed := range b.running {
		if r := p.running[listed.id]; r != nil && r.matches(listed.said.Attempt) {
			d.renewLease(r, listed.said, b.at)
			continue
		}
		unassigned = append(unassigned, staleAttempt{listed.id, listed.said.Attempt})
	}
	if len(p.stale.twice) > 0 {
		d.changed[p.pool] = true // the worker may get these tasks again
	}
	p.stale = p.stale.afterHeartbeat(unassigned)
}

func (d *Dispatcher) renewLease(r *attempt, said webhook.RunningTask, at time.Time) {
	r.lastListed, r.listed = at, true
	r.confirmAttempt(r.timer.Value.conn.Span, at)
	moved := r.progressSeq != said.Seq
	r.recordProgress(said, at)
	if said.Output != nil {
		d.recordOutput(r, *said.Output, at)
	}
	if len(said.Progress) > 0 && !r.stopping && d.canShowProgress(r, said.Progress) {
		d.opts.Queue.SetProgress(r.lease, said.Progress)
		if moved {
			d.publishProgress(r.lease.Task, r.timer.Value.conn.pool.Name, at)
		}
	}
}

// checkLease ends the lease of a task that no heartbeat listed for the whole
// tolerance: the worker has forgotten it. A single heartbeat that comes an
// interval later is enough for a task that the worker was asked to stop, and
// for a task that it gave up if it lost its master.
func (d *Dispatcher) checkLease(p *workerConn, r *attempt, b *heartbeat, now time.Time) {
	switch {
	case r.isMissingSince(r.unconfirmed, p.Span, b):
		d.finishAttempt(p, r, r.lostOutcome("the worker lost its master and gave up the task"), now)
	case r.isMissingSince(r.stopRequested, p.Span, b), !r.unsent && now.Sub(r.lastListed) >= p.Tolerance:
		d.finishAttempt(p, r, r.lostOutcome("the worker's heartbeats no longer list the task"), now)
	case !r.unsent:
		d.checkProgress(p, r, now)
	}
}

// isMissingSince reports whether a heartbeat that was sent an interval or more
// after an event does not list the task. A zero since means that there was no
// event.
func (r *attempt) isMissingSince(since time.Time, span time.Duration, b *heartbeat) bool {
	return !since.IsZero() && b.at.Sub(since) > span && r.lastListed.Before(b.at)
}

// updateCancels says that the tasks that a worker must stop have changed. The
// worker is told at the end of the round, once for all changes: a round may
// cancel every task of a worker with thousands of slots.
func (d *Dispatcher) updateCancels(p *workerConn) {
	if d.cancelling == nil {
		d.cancelling = map[*workerConn]bool{}
	}
	d.cancelling[p] = true
}

// sendChangedCancels tells each worker of updateCancels which tasks to stop. It
// comes before the commit of the round, after which a worker may get the next
// attempt at a task that it was told to stop.
func (d *Dispatcher) sendChangedCancels() {
	for p := range d.cancelling {
		p.sendCancels()
	}
	clear(d.cancelling)
}

// sendCancels tells a worker which tasks to stop: over the stream at once, and
// with the answer to its next heartbeat. That answer cancels by task and not by
// attempt, so it leaves out a stale attempt whose task has a valid attempt in
// this worker. The answer also gives a worker that drains notice of its stop.
func (p *workerConn) sendCancels() {
	var ids []string
	for id, r := range p.running {
		if !r.stopRequested.IsZero() {
			ids = append(ids, id.String())
			p.transport.sendCancel(id, r.number)
		}
	}
	for s := range p.stale.twice {
		p.transport.sendCancel(s.task, s.number)
		if p.running[s.task] == nil {
			ids = append(ids, s.task.String())
		}
	}
	if len(ids) == 0 && !p.draining {
		p.session.nextAnswer.Store(nil)
		return
	}
	p.session.nextAnswer.Store(&webhook.HeartbeatAnswer{Cancel: ids, Stopping: p.draining})
}
