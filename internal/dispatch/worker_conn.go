package dispatch

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"initiator/internal/queue"
	"initiator/internal/timerheap"
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

// workerConn is a worker as the loop sees it.
type workerConn struct {
	workerID
	Attachment
	pool        *pool
	client      *proactor.Client
	session     *workerSession
	transport   transport          // the best there is now
	stopServing context.CancelFunc // ends the goroutine that connects and serves the stream

	connected     bool
	resumed       atomic.Bool                  // the session may stand already
	checked       bool                         // has been connected; its heartbeats count
	draining      bool                         // was asked to
	leaving       bool                         // will end, although nobody asked it to drain
	legacy        bool                         // a ding slave: no extensions, one slot
	unready       bool                         // its heartbeats are overdue
	backingOff    bool                         // is left alone until the timer rings
	rejections    int                          // in a row in which it took no task
	timer         timerheap.Timer[timerTarget] // ends resting
	slots         int
	endedTasks    int // tasks that have ended here
	reportedTasks int // of them, told to Measured
	running       map[uuid.UUID]*attempt
	stopping      int // how many of them are stopping

	lastApplied *heartbeat     // the newest one that was looked into
	staleOnce   []staleAttempt // what it named without right
	stale       []staleAttempt // what it and the one before it did
	// crashSuspect is the task for which the worker is being ended; its
	// neighbours go back to the queue unpaid.
	crashSuspect uuid.UUID

	entry balancerEntry // in the pool's balance

	// ctx ends the requests to this worker.
	ctx    context.Context
	cancel context.CancelFunc
}

// freeSlots is how many more tasks the worker may be given now.
func (p *workerConn) freeSlots() int {
	if !p.connected || p.draining || p.leaving || p.unready || p.backingOff {
		return 0
	}
	return p.slots - len(p.running)
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
		m.Span = 3 * time.Second
	}
	if m.Tolerance <= 0 {
		m.Tolerance = 15 * time.Second
	}
	if d.pools[m.Pool] == nil {
		d.addPool(Pool{Name: m.Pool, Policy: task.Policy{Attempts: 1}})
	}
	p := &workerConn{workerID: id, Attachment: m.Attachment, pool: d.pools[m.Pool], running: map[uuid.UUID]*attempt{}}
	p.entry.conn, p.timer.Value.conn = p, p
	p.ctx, p.cancel = context.WithCancel(d.ctx)
	p.client = &proactor.Client{Base: m.URL, Channel: m.Channel, HTTP: d.http}
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

// withdrawWorker takes a worker that gets no more tasks out of the balance. The
// tasks that waited for it because others refused them are offered to all
// again.
func (d *Dispatcher) withdrawWorker(p *workerConn) {
	clear(p.pool.refused)
	d.updateBalancer(p)
}

func (d *Dispatcher) reportDrained(p *workerConn) {
	if p.draining && len(p.running) == 0 {
		d.afterRound(func(error) { d.opts.Observer.WorkerDrained(p.guid, p.incarnation) })
	}
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

// leaseOutcome decides what a task whose worker is gone has to pay. Only the culprit
// pays, where there is one; nobody, where the worker was asked to go; and never
// a task that has not come as far as the worker.
func (p *workerConn) leaseOutcome(r *attempt, reason string) task.Outcome {
	o := task.Outcome{Kind: task.Lost, Error: reason}
	neighbour := p.crashSuspect != uuid.Nil && p.crashSuspect != r.lease.Task
	asked := p.crashSuspect == uuid.Nil && p.draining
	if neighbour || asked || !r.reached.Load() {
		o.Kind = task.Released
	}
	return o
}

// endAttempt ends an attempt for the queue, unless that has been done: an
// attempt that is stopping is over already. What somebody cancelled is not
// tried again, however it ended.
func (d *Dispatcher) endAttempt(r *attempt, o task.Outcome, now time.Time) {
	r.ended.Store(true)
	if r.stopping {
		return
	}
	if r.cancelled && o.Kind != task.Succeeded {
		o = task.Outcome{Kind: task.CancelledByUser, Error: r.cancelReason, Result: o.Result}
	}
	if failed := o.Kind == task.FailedFinal || o.Kind == task.FailedRetry; failed && r.isOverdue(now) {
		// The worker's clock was the quicker one: its handler gave up
		// because the time was over, which is not a failure of its own.
		o.Kind = d.timeoutKind(r, now)
	}
	d.endLease(r.lease, o, now)
}

// endLease closes an attempt in the queue and tells those who wait.
func (d *Dispatcher) endLease(l task.Lease, o task.Outcome, now time.Time) {
	t, err := d.opts.Queue.End(now, l, o, randomJitter())
	if err != nil {
		d.log.Debug("an attempt had ended already", "task", l.Task, "attempt", l.Attempt, "error", err)
		return
	}
	if t.State == task.Queued {
		d.log.Info("task goes back to the queue", "task", t.ID, "pool", t.Pool, "reason", t.Reason)
	}
	if p := d.pools[t.Pool]; p != nil {
		d.changed[p] = true
		if o.Kind != task.Released {
			delete(p.refused, t.ID)
			delete(p.isolated, t.ID)
		}
	}
	d.publishTask(&t, now)
	d.notifyWaiters(t)
}

// updateBalancer puts a worker where its free slots belong.
func (d *Dispatcher) updateBalancer(p *workerConn) {
	p.pool.balancer.placeWorker(p, p.freeSlots())
	d.changed[p.pool] = true
}

// releaseSlot gives the slot of an attempt back.
func (d *Dispatcher) releaseSlot(p *workerConn, r *attempt) {
	if p.running[r.lease.Task] != r {
		return
	}
	delete(p.running, r.lease.Task)
	d.timers.Remove(&r.timer)
	if r.stopping {
		p.stopping--
	}
	if !r.stopRequested.IsZero() {
		p.sendCancels() // the next attempt may come here, and is not meant
	}
	d.updateBalancer(p)
	d.reportDrained(p)
}

func (w workerID) String() string { return fmt.Sprintf("%s/%d", w.guid, w.incarnation) }
