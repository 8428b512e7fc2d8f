package dispatch

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"

	"initiator/internal/timerheap"
	"initiator/internal/webhook"
)

// workerConn is the dispatcher's connection to one incarnation of a worker. The
// loop owns it.
type workerConn struct {
	workerID
	Attachment
	pool        *pool
	client      *webhook.Client
	session     *workerSession
	transport   transport          // the best one at present
	stopServing context.CancelFunc // ends the goroutine that connects the worker and serves its stream

	connected     bool
	resumed       atomic.Bool                  // the worker may still be in the session of an earlier initiator
	checked       bool                         // it has been connected once; its heartbeats are checked
	served        bool                         // it had a session with this dispatcher
	draining      bool                         // DrainWorker was called
	leaving       bool                         // it will end, although DrainWorker was not called
	legacy        bool                         // it speaks ding's protocol only: one slot, no cancel
	unready       bool                         // its heartbeats are overdue
	backingOff    bool                         // it gets no task until its timer is due
	rejections    int                          // in a row
	timer         timerheap.Timer[timerTarget] // ends backingOff
	slots         int
	endedTasks    int // tasks that have ended in this worker
	reportedTasks int // endedTasks, as last reported to WorkerMeasured
	running       map[uuid.UUID]*attempt
	stopping      int         // how many of running are stopping
	suspects      int         // how many of running are suspects
	groups        map[int]int // how many of these are in each group

	lastApplied *heartbeat // the newest heartbeat that was applied
	stale       staleAttempts
	// crashSuspect is the task for which the worker is being ended. The other
	// tasks of the worker go back to the queue and are not charged.
	crashSuspect uuid.UUID
	// onlyAttempt is the attempt that would be the reason if the worker ended
	// by itself now: the only one in it, or that of crashSuspect; nil = there
	// is none, or there are several. CausingTask reads it.
	onlyAttempt atomic.Pointer[attempt]

	entry balancerEntry // in the pool's load balancer

	// ctx ends the requests to this worker.
	ctx    context.Context
	cancel context.CancelFunc
}

// freeSlots returns how many more tasks the worker may be given now.
// A trial worker gets no ordinary tasks.
func (p *workerConn) freeSlots() int {
	if !p.takesTasks() || p.pool.trial == p {
		return 0
	}
	return p.slots - len(p.running)
}

// takesTasks reports whether the worker may be given tasks now, if it has a
// free slot.
func (p *workerConn) takesTasks() bool {
	return p.connected && !p.draining && !p.leaving && !p.unready && !p.backingOff
}

// withdrawWorker takes a worker that gets no more tasks out of the load
// balancer. Tasks that waited for it because the other workers refused them are
// offered to all workers again.
func (d *Dispatcher) withdrawWorker(p *workerConn) {
	clear(p.pool.refused)
	d.updateBalancer(p)
}

func (d *Dispatcher) reportDrained(p *workerConn) {
	if p.draining && len(p.running) == 0 {
		d.afterRound(func(error) { d.opts.Observer.WorkerDrained(p.guid, p.incarnation) })
	}
}

// updateBalancer moves a worker to the place of its free slots.
func (d *Dispatcher) updateBalancer(p *workerConn) {
	p.pool.balancer.placeWorker(p, p.freeSlots())
	d.changed[p.pool] = true
}

// releaseSlot releases the slot of an attempt.
func (d *Dispatcher) releaseSlot(p *workerConn, r *attempt) {
	if p.running[r.lease.Task] != r {
		return
	}
	delete(p.running, r.lease.Task)
	p.noteOnlyAttempt()
	d.timers.Remove(&r.timer)
	d.untrackSuspect(p, r)
	if r.stopping {
		p.stopping--
	}
	if !r.stopRequested.IsZero() {
		d.updateCancels(p) // the next attempt may come to this worker, and must not be cancelled
	}
	d.updateBalancer(p)
	d.reportDrained(p)
}

// label names the worker for people: its pool and the beginning of its guid.
func (p *workerConn) label() string {
	return fmt.Sprintf("%s (%.8s)", p.pool.Name, p.guid)
}

// aboutWorker returns arguments of a log line that name a worker, and more. The
// name of a worker that is not attached any more is not known. Any goroutine may
// call it.
func (d *Dispatcher) aboutWorker(id workerID, more ...any) []any {
	about := []any{"guid", id.guid, "incarnation", id.incarnation}
	if p, ok := d.attached.Load(id); ok {
		about = append([]any{"worker", p.(*workerConn).pool.Name}, about...)
	}
	return append(about, more...)
}

func (w workerID) String() string { return fmt.Sprintf("%s/%d", w.guid, w.incarnation) }
