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

// peer is a worker as the loop sees it.
type peer struct {
	who
	Attachment
	pool    *pool
	client  *proactor.Client
	session *session
	way     transport          // the best there is now
	unlink  context.CancelFunc // ends the goroutine that connects and serves the stream

	connected bool
	resumed   atomic.Bool                  // the session may stand already
	judged    bool                         // has been connected; its heartbeats count
	draining  bool                         // was asked to
	leaving   bool                         // will end, although nobody asked it to drain
	blunt     bool                         // a ding slave: no extensions, one slot
	unready   bool                         // its heartbeats are overdue
	resting   bool                         // is left alone until the timer rings
	turns     int                          // in a row in which it took no task
	timer     timerheap.Timer[timerTarget] // ends resting
	slots     int
	ended     int // tasks that have ended here
	told      int // of them, told to Measured
	running   map[uuid.UUID]*run
	stopping  int // how many of them are stopping

	heard    *beat   // the newest one that was looked into
	suspects []stray // what it named without right
	strays   []stray // what it and the one before it did
	// culprit is the task for which the worker is being ended; its
	// neighbours go back to the queue unpaid.
	culprit uuid.UUID

	seat seat // in the pool's balance

	// ctx ends the requests to this worker.
	ctx    context.Context
	cancel context.CancelFunc
}

// free is how many more tasks the worker may be given now.
func (p *peer) free() int {
	if !p.connected || p.draining || p.leaving || p.unready || p.resting {
		return 0
	}
	return p.slots - len(p.running)
}

// AttachWorker says that a worker is ready: connect to it and give it tasks.
func (d *Dispatcher) AttachWorker(w Attachment) {
	if !d.box.Put(attachMessage{w}) {
		attachMessage{w}.refuse()
	}
}

type attachMessage struct{ Attachment }

// refuse is what becomes of one that nobody attaches.
func (m attachMessage) refuse() {
	if m.Stream != nil {
		m.Stream.Close()
	}
}

func (m attachMessage) apply(d *Dispatcher, now time.Time) {
	id := who{m.GUID, m.Incarnation}
	if d.peers[id] != nil {
		m.refuse()
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
	p := &peer{who: id, Attachment: m.Attachment, pool: d.pools[m.Pool], running: map[uuid.UUID]*run{}}
	p.seat.peer, p.timer.Value.peer = p, p
	p.ctx, p.cancel = context.WithCancel(d.ctx)
	p.client = &proactor.Client{Base: m.URL, Channel: m.Channel, HTTP: d.http}
	p.session = d.openSession(p)
	p.way = webhook{d, p}
	born := p.Stream
	p.Stream = nil // the goroutine has it
	d.peers[id], p.pool.members[id] = p, p
	p.resumed.Store(m.Session.Resumed)
	if m.Session.Resumed { // one that hangs must be found, connected or not
		p.judged = true
		p.session.last.Store(&beat{at: now})
	}
	d.takeUp(p, now)
	d.link(p, born)
}

// DrainWorker gives a worker no new tasks. Verdicts.Drained follows when the last
// running one has ended, at once if there is none.
func (d *Dispatcher) DrainWorker(guid string, incarnation int) {
	d.box.Put(drainMessage{who{guid, incarnation}})
}

type drainMessage struct{ who }

func (m drainMessage) apply(d *Dispatcher, _ time.Time) {
	p := d.peers[m.who]
	if p == nil {
		d.o.Observer.WorkerDrained(m.guid, m.incarnation)
		return
	}
	p.draining = true
	d.withdraw(p)
	d.drained(p)
}

// withdraw takes a worker that gets no more tasks out of the balance. The
// tasks that waited for it because others refused them are offered to all
// again.
func (d *Dispatcher) withdraw(p *peer) {
	clear(p.pool.refused)
	d.replace(p)
}

func (d *Dispatcher) drained(p *peer) {
	if p.draining && len(p.running) == 0 {
		d.then(func(error) { d.o.Observer.WorkerDrained(p.guid, p.incarnation) })
	}
}

// DetachWorker says that a worker is gone: its tasks are fenced and queued again.
func (d *Dispatcher) DetachWorker(guid string, incarnation int, reason string) {
	d.box.Put(detachMessage{who{guid, incarnation}, reason})
}

type detachMessage struct {
	who
	reason string
}

func (m detachMessage) apply(d *Dispatcher, now time.Time) {
	p := d.peers[m.who]
	if p == nil {
		return
	}
	p.cancel()
	d.closeSession(p)
	p.connected = false
	d.timers.Remove(&p.timer)
	for _, r := range p.running {
		d.timers.Remove(&r.timer)
		d.conclude(r, p.fate(r, m.reason), now)
		p.part(r)
	}
	delete(d.peers, m.who)
	delete(p.pool.members, m.who)
	d.withdraw(p)
	d.forgetPool(p.pool)
}

// fate decides what a task whose worker is gone has to pay. Only the culprit
// pays, where there is one; nobody, where the worker was asked to go; and never
// a task that has not come as far as the worker.
func (p *peer) fate(r *run, reason string) task.Outcome {
	o := task.Outcome{Kind: task.Lost, Error: reason}
	neighbour := p.culprit != uuid.Nil && p.culprit != r.lease.Task
	asked := p.culprit == uuid.Nil && p.draining
	if neighbour || asked || !r.reached.Load() {
		o.Kind = task.Released
	}
	return o
}

// conclude ends an attempt for the queue, unless that has been done: an
// attempt that is stopping is over already. What somebody cancelled is not
// tried again, however it ended.
func (d *Dispatcher) conclude(r *run, o task.Outcome, now time.Time) {
	r.over.Store(true)
	if r.stopping {
		return
	}
	if r.cancelled && o.Kind != task.Succeeded {
		o = task.Outcome{Kind: task.CancelledByUser, Error: r.why, Result: o.Result}
	}
	if failed := o.Kind == task.FailedFinal || o.Kind == task.FailedRetry; failed && r.late(now) {
		// The worker's clock was the quicker one: its handler gave up
		// because the time was over, which is not a failure of its own.
		o.Kind = d.clockKind(r, now)
	}
	d.end(r.lease, o, now)
}

// end closes an attempt in the queue and tells those who wait.
func (d *Dispatcher) end(l task.Lease, o task.Outcome, now time.Time) {
	t, err := d.o.Queue.End(now, l, o, jitter())
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
			delete(p.shy, t.ID)
		}
	}
	d.announce(&t, now)
	d.ended(t)
}

// replace puts a worker where its free slots belong.
func (d *Dispatcher) replace(p *peer) {
	p.pool.balance.place(p, p.free())
	d.changed[p.pool] = true
}

// release gives the slot of an attempt back.
func (d *Dispatcher) release(p *peer, r *run) {
	if p.running[r.lease.Task] != r {
		return
	}
	delete(p.running, r.lease.Task)
	d.timers.Remove(&r.timer)
	if r.stopping {
		p.stopping--
	}
	if !r.asked.IsZero() {
		p.tellCancel() // the next attempt may come here, and is not meant
	}
	d.replace(p)
	d.drained(p)
}

func (w who) String() string { return fmt.Sprintf("%s/%d", w.guid, w.incarnation) }
