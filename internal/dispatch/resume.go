package dispatch

import (
	"errors"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// A worker that outlives its initiator is attached by the next initiator, with
// its session and the tasks that it runs.

// errSessionStands says that a resumed worker is still connected under its
// session.
var errSessionStands = errors.New("the session stands")

// keepForResume keeps the task of a worker that will be resumed until the
// worker is attached. It returns false for a lease of any other worker, which
// has ended.
func (d *Dispatcher) keepForResume(l queue.Lease, t task.Task) bool {
	if d.opts.WillResume == nil || !d.opts.WillResume(l.GUID, l.Incarnation) {
		return false
	}
	id := workerID{l.GUID, l.Incarnation}
	d.resumable[id] = append(d.resumable[id], t)
	return true
}

// resumeAttempts gives a resumed worker the tasks that it runs. The time of
// each attempt counts from its original start. A time-out that passed while no
// initiator ran is applied after heartbeat_tolerance: the worker may have a
// result that it could not deliver.
func (d *Dispatcher) resumeAttempts(p *workerConn, now time.Time) {
	list := d.resumable[p.workerID]
	delete(d.resumable, p.workerID)
	for _, t := range list {
		r := newAttempt(p, t, now)
		r.beginAt(t, t.Started)
		r.grantTime(now.Add(p.Tolerance))
		r.reached.Store(true)
		r.resend = true
		d.addRunning(p, r, t.Suspicion)
	}
}

// resendAttempts sends a resumed worker the tasks that an earlier dispatcher
// gave it, or was about to give it. A worker that has a task answers as it did
// the first time, with the outcome if there is one. A legacy worker would run
// the task twice; it is assumed to have it.
func (d *Dispatcher) resendAttempts(p *workerConn) {
	for _, r := range p.running {
		if r.resend && !p.legacy {
			r.repeated = true
			d.sendAttempt(p, r)
		}
		r.resend = false
	}
}

// FinishResume says that every worker to be resumed has been attached. Tasks of
// all other workers are interrupted. It returns when the sessions are known: from then
// on, requests of these workers can be accepted.
func (d *Dispatcher) FinishResume() {
	m := &finishResumeMessage{done: make(chan struct{})}
	if d.mailbox.Put(m) {
		<-m.done
	}
}

type finishResumeMessage struct{ done chan struct{} }

func (m *finishResumeMessage) refuseClosed() { close(m.done) }

func (m *finishResumeMessage) applyMessage(d *Dispatcher, now time.Time) {
	defer close(m.done)
	for id, list := range d.resumable {
		delete(d.resumable, id)
		for _, t := range list {
			l, _ := queue.LeaseOf(&t)
			d.endLease(l, queue.AttemptOutcome{Outcome: task.OutcomeInterrupted, Error: "the worker ended while no initiator was running"}, now)
		}
	}
}

// sessionResumedMessage continues a session that an earlier dispatcher began.
type sessionResumedMessage struct {
	conn   *workerConn
	stream *workerStream // nil = none; its goroutine already serves it
}

func (m sessionResumedMessage) applyMessage(d *Dispatcher, now time.Time) {
	p := m.conn
	if d.workers[p.workerID] != p {
		return
	}
	answer := webhook.ConnectAnswer{Slots: p.Session.Slots, Protocol: proactor.Protocol}
	if p.Session.Known && p.Session.Legacy {
		answer.Protocol = 0
	}
	d.startDispatching(p, answer, m.stream, now)
}

// reportConnected reports what the worker agreed to, so that a later initiator
// can continue.
func (d *Dispatcher) reportConnected(p *workerConn) {
	if d.opts.OnConnected != nil {
		d.opts.OnConnected(p.guid, p.incarnation, p.slots, p.legacy)
	}
}

// endOrphanedAttempts ends the attempts that an earlier initiator left, whose
// workers ended with it. They are not charged: a task does not end the
// initiator, and task.MaxInterruptions limits a task that does.
func (d *Dispatcher) endOrphanedAttempts(now time.Time) {
	for _, t := range d.opts.Queue.RunningTasks() {
		if l, ok := queue.LeaseOf(&t); ok && !d.keepForResume(l, t) {
			d.endLease(l, queue.AttemptOutcome{Outcome: task.OutcomeInterrupted, Error: "the initiator ended while the task ran"}, now)
		}
	}
}
