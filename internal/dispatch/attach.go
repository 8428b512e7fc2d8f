package dispatch

import (
	"context"
	"net"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// Attachment describes a worker that is ready.
type Attachment struct {
	GUID        string
	Incarnation int
	Pool        string
	URL         string // http://host:port
	Token       string // the worker's own token; sent with /connect unless Open
	Open        bool   // the definition says connect = open
	Channel     int
	Slots       int // of the definition; the worker's answer can only lower it
	Ding        bool
	Span        time.Duration // between its heartbeats; 0 = 3 s
	Tolerance   time.Duration // after which a task that no heartbeat lists counts as lost; 0 = 15 s
	// Recycle is the number of ended tasks that is reported to WorkerMeasured
	// at once. Other numbers are reported about once a second. 0 = none.
	Recycle int
	// ReportEachTask reports the end of every task to WorkerMeasured at once,
	// so that the memory of the worker is measured after every task.
	ReportEachTask bool
	// Session is the session to continue; the zero value starts a new one.
	Session lifecycle.Session
	// Resumed says that an earlier dispatcher may have connected with the
	// session's token. A worker that confirms it keeps its tasks.
	Resumed bool
	// Stream is the initiator's end of the stream that the worker inherited at
	// its start; nil = none. AttachWorker takes ownership: the dispatcher
	// closes it in every case.
	Stream net.Conn
}

// AttachWorker connects to a worker that is ready, and gives it tasks.
func (d *Dispatcher) AttachWorker(w Attachment) {
	if !d.mailbox.Put(attachMessage{w}) {
		attachMessage{w}.refuseClosed()
	}
}

type attachMessage struct{ Attachment }

// refuseClosed closes the stream of a worker that is not attached.
func (m attachMessage) refuseClosed() {
	if m.Stream != nil {
		m.Stream.Close()
	}
}

func (m attachMessage) applyMessage(d *Dispatcher, now time.Time) {
	id := workerID{m.GUID, m.Incarnation}
	if d.workers[id] != nil {
		m.refuseClosed()
		return
	}
	if m.Span <= 0 {
		m.Span = proactor.DefaultHeartbeatSpan
	}
	if m.Tolerance <= 0 {
		m.Tolerance = proactor.DefaultHeartbeatTolerance
	}
	if d.pools[m.Pool] == nil {
		d.addPool(Pool{Name: m.Pool, Policy: task.Policy{Attempts: 1}})
	}
	p := &workerConn{workerID: id, Attachment: m.Attachment, pool: d.pools[m.Pool], running: map[uuid.UUID]*attempt{}}
	p.entry.conn, p.timer.Value.conn = p, p
	p.ctx, p.cancel = context.WithCancel(d.ctx)
	p.client = &webhook.Client{Base: m.URL, Channel: m.Channel, HTTP: d.http}
	p.session = d.openWorkerSession(p)
	p.transport = webhookTransport{d, p}
	inherited := p.Stream
	p.Stream = nil // owned by the goroutine that startConnecting starts
	d.workers[id], p.pool.members[id] = p, p
	d.attached.Store(id, p)
	p.resumed.Store(m.Resumed)
	if m.Resumed { // a resumed worker that hangs must be found even if it never connects
		p.checked = true
		p.session.lastHeartbeat.Store(&heartbeat{at: now, legacy: true})
	}
	d.resumeAttempts(p, now)
	d.startConnecting(p, inherited)
}

// DrainWorker gives a worker no new tasks, and gives it notice that it will be
// stopped, so that it tells its handlers. WorkerDrained follows when its last
// running task has ended, at once if it runs none.
func (d *Dispatcher) DrainWorker(guid string, incarnation int) {
	d.mailbox.Put(drainMessage{workerID{guid, incarnation}})
}

type drainMessage struct{ workerID }

func (m drainMessage) applyMessage(d *Dispatcher, _ time.Time) {
	p := d.workers[m.workerID]
	if p == nil {
		d.opts.Observer.WorkerDrained(m.guid, m.incarnation)
		return
	}
	p.draining = true
	p.transport.sendNotice()
	d.updateCancels(p)
	d.withdrawWorker(p)
	d.reportDrained(p)
}

// DetachWorker removes a worker whose process has ended. Its attempts end, and
// later results of them are rejected; the tasks go back to the queue. The cause
// says who is charged, see leaseOutcome. reason is how the worker ended, for
// people.
func (d *Dispatcher) DetachWorker(guid string, incarnation int, cause lifecycle.DetachCause, reason string) {
	d.mailbox.Put(detachMessage{workerID{guid, incarnation}, cause, reason})
}

type detachMessage struct {
	workerID
	cause  lifecycle.DetachCause
	reason string
}

func (m detachMessage) applyMessage(d *Dispatcher, now time.Time) {
	p := d.workers[m.workerID]
	if p == nil {
		return
	}
	p.cancel()
	d.closeWorkerSession(p)
	p.connected = false
	d.timers.Remove(&p.timer)
	reached := p.countReached()
	for _, r := range p.running {
		d.timers.Remove(&r.timer)
		d.untrackSuspect(p, r)
		d.endAttempt(r, p.leaseOutcome(r, m.cause, m.reason, reached), now)
		p.isolateAttempt(r)
	}
	delete(d.workers, m.workerID)
	d.attached.Delete(m.workerID)
	delete(p.pool.members, m.workerID)
	if p.pool.trial == p {
		p.pool.trial = nil
	}
	d.withdrawWorker(p)
	d.forgetPool(p.pool)
}
