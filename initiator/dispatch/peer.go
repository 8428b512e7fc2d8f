package dispatch

import (
	"container/list"
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/proactor"
)

// Worker is what dispatch has to know of a worker that is ready.
type Worker struct {
	GUID        string
	Incarnation int
	Pool        string
	URL         string // http://host:port
	Token       string // its own; shown on /connect unless Open
	Open        bool   // connect = open
	Channel     int
	Slots       int // of the spec; the worker's own answer can only lower it
	Ding        bool
	Span        time.Duration // of its heartbeats
	Tolerance   time.Duration
}

// peer is a worker as the loop sees it.
type peer struct {
	who
	Worker
	pool    *pool
	client  *proactor.Client
	session *session

	connected bool
	draining  bool
	blunt     bool // a ding slave: no extensions, one slot
	unready   bool
	slots     int
	ended     int // tasks that have ended here
	running   map[uuid.UUID]*run
	stopping  int // how many of them are stopping
	// rest is set while the worker said that it has no slot although we
	// think that it has.
	rest time.Time
	// culprit is the task for which the worker is being ended; its
	// neighbours go back to the queue unpaid.
	culprit uuid.UUID

	// The place in the pool's balance.
	place  *list.Element
	bucket int

	// ctx ends the requests to this worker.
	ctx    context.Context
	cancel context.CancelFunc
}

// run is one attempt in a worker.
type run struct {
	lease task.Lease
	began time.Time
	seen  time.Time // last listed in a heartbeat, or sent
	ends  time.Time // zero = no timeout
	// stopping is set once the attempt is over for us while the worker
	// still holds the slot.
	stopping bool
	// cancelled is set when somebody asked for the end of the task.
	cancelled bool
	why       string
}

// free is how many more tasks the worker may be given now.
func (p *peer) free() int {
	if !p.connected || p.draining || !p.rest.IsZero() {
		return 0
	}
	return p.slots - len(p.running)
}

// Attach says that a worker is ready: connect to it and give it tasks.
func (d *Dispatcher) Attach(w Worker) { d.box.put(attachMessage{w}) }

type attachMessage struct{ Worker }

func (m attachMessage) apply(d *Dispatcher, now time.Time) {
	id := who{m.GUID, m.Incarnation}
	if d.peers[id] != nil {
		return
	}
	if d.pools[m.Pool] == nil {
		d.addPool(Pool{Name: m.Pool, Policy: task.Policy{Attempts: 1}})
	}
	p := &peer{who: id, Worker: m.Worker, pool: d.pools[m.Pool], running: map[uuid.UUID]*run{}}
	p.ctx, p.cancel = context.WithCancel(d.ctx)
	p.client = &proactor.Client{Base: m.URL, Channel: m.Channel, HTTP: d.http}
	p.session = d.openSession(p)
	d.peers[id], p.pool.members[id] = p, p
	d.goes(func() { d.connect(p) })
}

// Drain gives a worker no new tasks. Verdicts.Drained follows when the last
// running one has ended, at once if there is none.
func (d *Dispatcher) Drain(guid string, incarnation int) {
	d.box.put(drainMessage{who{guid, incarnation}})
}

type drainMessage struct{ who }

func (m drainMessage) apply(d *Dispatcher, _ time.Time) {
	p := d.peers[m.who]
	if p == nil {
		d.o.Verdicts.Drained(m.guid, m.incarnation)
		return
	}
	p.draining = true
	d.replace(p)
	d.drained(p)
}

func (d *Dispatcher) drained(p *peer) {
	if p.draining && len(p.running) == 0 {
		d.then(func(error) { d.o.Verdicts.Drained(p.guid, p.incarnation) })
	}
}

// Detach says that a worker is gone: its tasks are fenced and queued again.
func (d *Dispatcher) Detach(guid string, incarnation int, reason string) {
	d.box.put(detachMessage{who{guid, incarnation}, reason})
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
	p.pool.balance.remove(p)
	for id, r := range p.running {
		delete(p.running, id)
		d.fate(p, r, m.reason, now)
	}
	delete(d.peers, m.who)
	delete(p.pool.members, m.who)
	for _, refusers := range p.pool.refused {
		delete(refusers, m.who)
	}
	d.changed[p.pool] = true
}

// fate decides what a task whose worker is gone has to pay. Only the culprit
// pays, where there is one; nobody, where the worker was asked to go.
func (d *Dispatcher) fate(p *peer, r *run, reason string, now time.Time) {
	o := task.Outcome{Kind: task.Lost, Error: reason}
	switch {
	case r.stopping:
		return // its attempt has been closed already
	case r.cancelled:
		o = task.Outcome{Kind: task.CancelledByUser, Error: r.why}
	case p.culprit != uuid.Nil && p.culprit != r.lease.Task, p.draining && p.culprit == uuid.Nil:
		o.Kind = task.Released
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
		}
	}
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
	if r.stopping {
		p.stopping--
	}
	d.replace(p)
	d.drained(p)
	p.ended++
	tasks := p.ended
	d.then(func(error) { d.o.Verdicts.Measured(p.guid, p.incarnation, tasks, 0) })
}

func (w who) String() string { return fmt.Sprintf("%s/%d", w.guid, w.incarnation) }
