package dispatch

import (
	"context"
	"net"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// Attachment is what dispatch has to know of a worker that is ready.
type Attachment struct {
	GUID        string
	Incarnation int
	Pool        string
	URL         string // http://host:port
	Token       string // its own; shown on /connect unless Open
	Open        bool   // connect = open
	Channel     int
	Slots       int // of the spec; the worker's own answer can only lower it
	Ding        bool
	Span        time.Duration // of its heartbeats; 0 = 3 s
	Tolerance   time.Duration // until it has forgotten a task; 0 = 15 s
	// Recycle is the number of ended tasks that Measured is told at once; of
	// other numbers it hears about once a second. 0 = none.
	Recycle int
	// Session is the one to connect with; the zero value is a new one.
	Session Session
	// Stream is our end of the stream that the worker was born with; nil =
	// none. Attach gives it away: dispatch closes it, whatever happens.
	Stream net.Conn
}

// AttachWorker says that a worker is ready: connect to it and give it tasks.
func (d *Dispatcher) AttachWorker(w Attachment) {
	if !d.mailbox.Put(attachMessage{w}) {
		attachMessage{w}.refuseClosed()
	}
}

type attachMessage struct{ Attachment }

// refuseClosed is what becomes of one that nobody attaches.
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
	born := p.Stream
	p.Stream = nil // the goroutine has it
	d.workers[id], p.pool.members[id] = p, p
	p.resumed.Store(m.Session.Resumed)
	if m.Session.Resumed { // one that hangs must be found, connected or not
		p.checked = true
		p.session.lastHeartbeat.Store(&heartbeat{at: now})
	}
	d.resumeAttempts(p, now)
	d.startConnecting(p, born)
}

// DrainWorker gives a worker no new tasks. Verdicts.Drained follows when the last
// running one has ended, at once if there is none.
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
	d.withdrawWorker(p)
	d.reportDrained(p)
}

// DetachWorker says that a worker is gone: its tasks are fenced and queued again.
func (d *Dispatcher) DetachWorker(guid string, incarnation int, reason string) {
	d.mailbox.Put(detachMessage{workerID{guid, incarnation}, reason})
}

type detachMessage struct {
	workerID
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
	for _, r := range p.running {
		d.timers.Remove(&r.timer)
		d.endAttempt(r, p.leaseOutcome(r, m.reason), now)
		p.isolateAttempt(r)
	}
	delete(d.workers, m.workerID)
	delete(p.pool.members, m.workerID)
	d.withdrawWorker(p)
	d.forgetPool(p.pool)
}
