package dispatch

import (
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/webhook"
)

// These are the delays after which a worker or a task is tried again.
const (
	firstBackOff   = 100 * time.Millisecond // a worker took no task; doubles while that goes on
	maxBackOff     = 5 * time.Second
	refusedDelay   = time.Second // every worker refused, and none named a delay
	notStoredDelay = time.Second // the queue could not be committed
)

// maxRefused is how many tasks of a pool are noted as refused. The search for a
// task for one worker skips the tasks that this worker refused, so their number
// has a limit.
const maxRefused = 1024

// handleRefusal acts on the reason for which a worker did not take a task.
func (d *Dispatcher) handleRefusal(p *workerConn, r *attempt, why refusal, now time.Time) {
	o := queue.AttemptOutcome{Outcome: task.OutcomeReleased, Error: why.message, Undelivered: !r.repeated && !why.repeated}
	switch {
	case why.hasCode(webhook.TaskRefused):
		o = d.recordRefusal(p, r, why, now)
	case why.hasCode(webhook.SlaveBusy): // although one of its slots is free by our count
		p.rejections++
		d.backOff(p, now)
	case why.hasCode(webhook.ShuttingDown):
		p.leaving = true
		d.withdrawWorker(p)
	case why.hasCode(webhook.WrongToken), why.hasCode(webhook.NotConnected):
		d.reconnectWorker(p)
		if r.repeated && r.listed { // a worker that is kept may still run the task, which its heartbeats will show
			r.unconfirmed = now
			return
		}
	case why.hasCode(webhook.BadBody), why.hasCode(webhook.BodyTooLarge):
		o = finalFailure("the worker cannot read the task: " + why.message)
	default: // the worker may have done anything: charge the attempt, so that the task is not tried for ever
		o = queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: why.String()}
	}
	d.finishAttempt(p, r, o, now)
}

// backOff gives a worker no task for a while, longer with each rejection in a
// row.
func (d *Dispatcher) backOff(p *workerConn, now time.Time) {
	p.backingOff = true
	d.timers.Set(&p.timer, now.Add(min(firstBackOff<<min(p.rejections-1, 10), maxBackOff)))
	d.updateBalancer(p)
}

// recordRefusal notes that a worker refused a task. The task is offered to the
// other workers first. When all have refused, it waits for as long as the last
// one named. A worker that refuses several tasks in a row gets a pause.
func (d *Dispatcher) recordRefusal(p *workerConn, r *attempt, why refusal, now time.Time) queue.AttemptOutcome {
	if p.rejections++; p.rejections > 1 {
		d.backOff(p, now)
	}
	by := p.pool.refused[r.lease.Task]
	if by == nil && len(p.pool.refused) >= maxRefused {
		clear(p.pool.refused) // the tasks are offered to all workers again
	}
	if by == nil {
		by = map[workerID]bool{}
		p.pool.refused[r.lease.Task] = by
	}
	by[p.workerID] = true
	for id, other := range p.pool.members {
		if other.connected && !other.draining && !other.leaving && !by[id] {
			return queue.AttemptOutcome{Outcome: task.OutcomeReleased, Error: "refused by " + p.label(), Undelivered: !r.repeated && !why.repeated}
		}
	}
	wait := why.retryAfter
	if wait == 0 {
		wait = refusedDelay
	}
	return queue.AttemptOutcome{Outcome: task.OutcomeRefused, RetryAfter: wait, Error: why.message, Undelivered: !r.repeated && !why.repeated}
}

// reconnectWorker starts a new session with a worker that does not know the
// present one.
func (d *Dispatcher) reconnectWorker(p *workerConn) {
	if !p.connected {
		return
	}
	p.connected = false
	d.updateBalancer(p)
	p.stopServing()
	d.startConnecting(p, nil)
}
