package dispatch

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"

	"initiator/internal/timerheap"
	"initiator/internal/webhook"
)

// workerConn is a worker as the loop sees it.
type workerConn struct {
	workerID
	Attachment
	pool        *pool
	client      *webhook.Client
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
