package dispatch

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/go-hclog"

	"initiator/initiator/task"
	"initiator/internal/frozentime"
	"initiator/internal/mailbox"
	"initiator/internal/timerheap"
	"initiator/internal/webhook"
)

// ErrClosed is returned by every method that is called while the dispatcher
// ends, or afterwards.
var ErrClosed = errors.New("the initiator is shutting down")

// Dispatcher gives tasks to workers. Make one with New; it works while Run
// runs. Any goroutine may call its methods.
type Dispatcher struct {
	opts    Options
	log     hclog.Logger
	http    *http.Client
	mailbox *mailbox.Mailbox[message]

	sessions sync.Map     // session token → *workerSession
	channels atomic.Value // map[int]bool: the channels of the attached workers
	attached sync.Map     // workerID → *workerConn, for CausingTask

	// The loop owns these fields.
	pools              map[string]*pool
	workers            map[workerID]*workerConn
	channelCounts      map[int]int // sessions of each channel
	waiters            map[uuid.UUID]*waiter
	subscribers        subscribers
	timers             timerheap.Heap[timerTarget]
	callbacks          callbackQueue
	effects            []effect
	spare              []effect  // the emptied slice of an earlier round
	openCommits        int       // commits of rounds whose result is not known
	committedAt        time.Time // of the last result, or when the first open commit began
	changed            map[*pool]bool
	cancelling         map[*workerConn]bool     // see updateCancels
	resumable          map[workerID][]task.Task // tasks of workers that are not attached yet
	nextHeartbeatCheck time.Time
	rounds             frozentime.Detector // whether the loop itself was running

	// ctx ends the goroutines that the loop started. group counts them.
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup

	// These fields do not change after New.
	callbackSender    callbackSender
	postTimeout       time.Duration
	streamOpenTimeout time.Duration
	inlineMS          int
	webhooksOnly      bool // open no streams; set by the benchmarks of webhooks
}

// workerID names one incarnation of a worker.
type workerID struct {
	guid        string
	incarnation int
}

// New returns a dispatcher for the queue in o. It does nothing until Run.
func New(o Options) *Dispatcher {
	log := o.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	if o.StopGrace <= 0 {
		o.StopGrace = stopGrace
	}
	d := &Dispatcher{
		opts: o, log: log, http: webhook.NewHTTPClient(256), mailbox: mailbox.New[message](), postTimeout: postTimeout, streamOpenTimeout: streamOpenTimeout, inlineMS: inlineMS,
		pools: map[string]*pool{}, workers: map[workerID]*workerConn{}, channelCounts: map[int]int{}, waiters: map[uuid.UUID]*waiter{}, changed: map[*pool]bool{}, resumable: map[workerID][]task.Task{},
	}
	d.callbackSender = newCallbackSender()
	d.channels.Store(map[int]bool{})
	d.ctx, d.cancel = context.WithCancel(context.Background())
	for _, p := range o.Pools {
		d.addPool(p)
	}
	return d
}

// Run is the loop. It returns nil when ctx is done, after every goroutine that
// the loop started has ended and every waiting caller has an answer. Call it
// once.
func (d *Dispatcher) Run(ctx context.Context) error {
	defer d.shutDown()
	alarm := time.NewTimer(time.Hour)
	defer alarm.Stop()
	var batch []message
	d.endOrphanedAttempts(time.Now())
	d.enqueueOwedCallbacks()
	for ctx.Err() == nil {
		alarm.Reset(time.Until(d.nextWakeup()))
		select {
		case <-ctx.Done():
		case <-d.mailbox.Wakeup():
		case <-d.opts.Queue.BatchDone():
		case <-alarm.C:
		}
		runtime.Gosched() // senders that are about to put a message join this round
		batch = d.mailbox.Take(batch)
		d.runRound(batch)
	}
	return nil
}

// runRound handles what the queue has committed, applies one batch of messages,
// and hands the changes to the queue. It does not wait for that commit: the
// next round may begin while the queue still writes.
func (d *Dispatcher) runRound(batch []message) {
	d.opts.Queue.FinishCommits()
	now := time.Now()
	d.moveTimeouts(d.rounds.Observe(now), now)
	for _, m := range batch {
		m.applyMessage(d, now)
	}
	d.expireDue(now)
	d.assignTasks(now)
	d.sendChangedCancels()
	d.commitRound()
}

// expireDue does what only the time of day makes due.
func (d *Dispatcher) expireDue(now time.Time) {
	ended, woken := d.opts.Queue.ExpireTasks(now)
	for _, t := range ended {
		d.publishTask(&t, now)
		d.notifyWaiters(t)
	}
	d.startDueCallbacks(now)
	for t := range d.timers.PopDue(now) {
		d.handleTimer(t, now)
	}
	if !now.Before(d.nextHeartbeatCheck) {
		d.nextHeartbeatCheck = now.Add(heartbeatCheckInterval)
		d.checkHeartbeats(now)
	}
	if woken {
		for _, p := range d.pools {
			d.changed[p] = true
		}
	}
}

// nextWakeup returns the next time at which expireDue has something to do.
func (d *Dispatcher) nextWakeup() time.Time {
	at := time.Now().Add(time.Hour)
	for _, t := range []time.Time{d.opts.Queue.NextExpiry(), d.timers.NextDue(), d.callbacks.due.NextDue()} {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	if len(d.workers) == 0 {
		d.rounds.Rest() // without a worker there is no time-out that a gap would move
		return at
	}
	d.rounds.Expect(d.nextHeartbeatCheck, heartbeatCheckInterval)
	if d.nextHeartbeatCheck.Before(at) {
		at = d.nextHeartbeatCheck
	}
	return at
}

// goTracked starts a goroutine that ends with the dispatcher: f returns when
// d.ctx is done.
func (d *Dispatcher) goTracked(f func()) {
	d.group.Go(f)
}

// shutDown ends everything that the loop owns.
func (d *Dispatcher) shutDown() {
	d.cancel()
	for _, m := range d.mailbox.Close() {
		if r, ok := m.(refuser); ok {
			r.refuseClosed()
		}
	}
	for _, first := range d.waiters {
		first.notifyChain(ErrClosed)
	}
	clear(d.waiters)
	d.closeQueue()
	d.subscribers.closeSubscriptions()
	d.group.Wait()
	d.sessions.Clear() // heartbeats now fail, so that a worker that still runs notices the end
	d.http.CloseIdleConnections()
	d.callbackSender.http.CloseIdleConnections()
}

func randomJitter() float64 { return rand.Float64() }
