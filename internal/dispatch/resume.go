package dispatch

import (
	"errors"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/proactor"
)

// A worker that outlives its initiator is attached by the next one with the
// session that stands and the tasks that it runs.

// Session is the connection to one incarnation, as far as it must be known to
// go on with it.
type Session struct {
	Token string // "" = a new one
	// Slots and Blunt are what the worker has answered; Known: it has.
	Slots int
	Blunt bool
	Known bool
	// Resumed: an earlier dispatcher may have connected under that token. A
	// worker that says so is believed, and keeps its tasks.
	Resumed bool
}

// errSessionStands says that a worker is connected already, and ought to be.
var errSessionStands = errors.New("the session stands")

// keepForResume keeps the tasks that a held worker was running until it is attached.
// It reports false for a lease of anybody else, who is gone.
func (d *Dispatcher) keepForResume(l queue.Lease, t task.Task) bool {
	if d.opts.WillResume == nil || !d.opts.WillResume(l.GUID, l.Incarnation) {
		return false
	}
	id := workerID{l.GUID, l.Incarnation}
	d.resumable[id] = append(d.resumable[id], t)
	return true
}

// resumeAttempts gives a worker the tasks that it runs. The clock of each goes on from
// where it began.
func (d *Dispatcher) resumeAttempts(p *workerConn, now time.Time) {
	list := d.resumable[p.workerID]
	delete(d.resumable, p.workerID)
	for _, t := range list {
		r := newAttempt(p, t, now)
		r.began, r.deadline = t.Started, attemptDeadline(t, t.Started)
		r.reached.Store(true)
		r.resend = true
		p.running[t.ID] = r
		d.timers.Set(&r.timer, r.deadline)
	}
}

// resendAttempts sends a worker the tasks once more that an earlier dispatcher has
// given it, or was about to: one that has them answers as if it were the first
// time, and with the outcome where there is one. A ding slave would run them
// twice; it is believed to have them.
func (d *Dispatcher) resendAttempts(p *workerConn) {
	for _, r := range p.running {
		if r.resend && !p.legacy {
			d.sendAttempt(p, r)
		}
		r.resend = false
	}
}

// FinishResume says that every worker that was held has been attached: tasks of any
// other are lost. It returns when their sessions are known: from then on they
// may be listened to.
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
			d.endLease(l, queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: "its worker ended while no initiator was there"}, now)
		}
	}
}

// sessionResumedMessage goes on with a session that an earlier dispatcher began.
type sessionResumedMessage struct {
	conn   *workerConn
	stream *workerStream // nil = none; it is being served
}

func (m sessionResumedMessage) applyMessage(d *Dispatcher, now time.Time) {
	p := m.conn
	if d.workers[p.workerID] != p {
		return
	}
	answer := proactor.ConnectAnswer{Slots: p.Session.Slots, Protocol: proactor.Protocol}
	if p.Session.Known && p.Session.Blunt {
		answer.Protocol = 0
	}
	d.startDispatching(p, answer, m.stream, now)
}

// reportConnected tells what was agreed upon, for whoever comes after us.
func (d *Dispatcher) reportConnected(p *workerConn) {
	if d.opts.OnConnected != nil {
		d.opts.OnConnected(p.guid, p.incarnation, p.slots, p.legacy)
	}
}

// endOrphanedAttempts ends the attempts that a former initiator has left: its workers ended
// with it. What was lost with a crash may have caused it, so it is paid for.
func (d *Dispatcher) endOrphanedAttempts(now time.Time) {
	for _, t := range d.opts.Queue.ListTasks(task.Filter{State: task.Running, Limit: maxInt}) {
		if l, ok := queue.LeaseOf(&t); ok && !d.keepForResume(l, t) {
			d.endLease(l, queue.AttemptOutcome{Outcome: task.OutcomeLost, Error: "the initiator ended while it ran"}, now)
		}
	}
}

const maxInt = int(^uint(0) >> 1)
