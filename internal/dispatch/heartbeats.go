package dispatch

import (
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/proactor"
)

// heartbeatCheckInterval is how often the loop looks at the heartbeats (ding's default).
const heartbeatCheckInterval = time.Second

// heartbeatLate says whether the age of the last heartbeat is worth a word: more than
// two and a half spans. One lost beat is no news, two in a row are. When to
// give up is the supervisor's business.
func heartbeatLate(age, span time.Duration) bool { return age >= span*5/2 }

// checkHeartbeats looks at every worker that has ever been connected, also while
// it is being connected anew: a worker that hangs then must be found too.
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
	rss := int64(0)
	if b.body != nil {
		rss = b.body.RSS
	}
	if rss > 0 || p.endedTasks != p.reportedTasks {
		p.reportedTasks = p.endedTasks
		d.opts.Observer.WorkerMeasured(p.guid, p.incarnation, p.endedTasks, rss)
	}
}

// applyHeartbeat renews leases by what the worker said, and finds those that lapsed.
func (d *Dispatcher) applyHeartbeat(p *workerConn, b *heartbeat, now time.Time) {
	if b.body == nil || p.legacy {
		return // any heartbeat of a ding slave renews its lease
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

// staleAttempt is an attempt that a worker says it runs and should not.
type staleAttempt struct {
	task   uuid.UUID
	number int
}

// applyRunningList goes through what one heartbeat says is running. The list may have
// been made before a result that came since; only what a second one names
// again is a stray.
func (d *Dispatcher) applyRunningList(p *workerConn, b *heartbeat) {
	before := p.staleOnce
	if len(p.stale) > 0 {
		d.changed[p.pool] = true // perhaps it may be given them again
	}
	p.staleOnce, p.stale = nil, nil
	for _, said := range b.body.Running {
		id, err := uuid.Parse(said.ID)
		if err != nil {
			continue
		}
		if r := p.running[id]; r != nil && r.matches(said.Attempt) {
			d.renewLease(r, said, b.at)
			continue
		}
		s := staleAttempt{id, said.Attempt}
		p.staleOnce = append(p.staleOnce, s)
		for _, again := range before {
			if again == s {
				p.stale = append(p.stale, s)
			}
		}
	}
}

func (d *Dispatcher) renewLease(r *attempt, said proactor.RunningTask, at time.Time) {
	r.lastListed = at
	moved := r.progressSeq != said.Seq
	r.recordProgress(said, at)
	if said.Output != nil {
		d.recordOutput(r, *said.Output, at)
	}
	if len(said.Progress) > 0 && !r.stopping {
		d.opts.Queue.SetProgress(r.lease, said.Progress)
		if moved {
			d.publishProgress(r.lease.Task, r.timer.Value.conn.pool.Name, at)
		}
	}
}

// checkLease ends the lease of a task that the worker has not spoken of for
// the whole tolerance: it has forgotten it. Of one that it was asked to stop,
// a single heartbeat that comes a span later is enough.
func (d *Dispatcher) checkLease(p *workerConn, r *attempt, b *heartbeat, now time.Time) {
	stopped := !r.stopRequested.IsZero() && b.at.Sub(r.stopRequested) > p.Span && r.lastListed.Before(b.at)
	if stopped || now.Sub(r.lastListed) >= p.Tolerance {
		d.finishAttempt(p, r, queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: "the worker no longer speaks of the task"}, now)
		return
	}
	d.checkProgress(p, r, now)
}

// sendCancels tells a worker what to stop: by the stream at once, and with the
// answer to its next heartbeat. That one cancels by task, so a stray whose task
// has a good attempt there is left alone.
func (p *workerConn) sendCancels() {
	var ids []string
	for id, r := range p.running {
		if !r.stopRequested.IsZero() {
			ids = append(ids, id.String())
			p.transport.sendCancel(id, r.number)
		}
	}
	for _, s := range p.stale {
		p.transport.sendCancel(s.task, s.number)
		if p.running[s.task] == nil {
			ids = append(ids, s.task.String())
		}
	}
	if len(ids) == 0 {
		p.session.nextAnswer.Store(nil)
		return
	}
	p.session.nextAnswer.Store(&proactor.HeartbeatAnswer{Cancel: ids})
}

// runsStale says whether the worker still runs an attempt at a task that is not
// its to run.
func (p *workerConn) runsStale(id uuid.UUID) bool {
	for _, s := range p.stale {
		if s.task == id {
			return true
		}
	}
	return false
}
