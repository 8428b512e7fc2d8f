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

	"initiator/internal/mailbox"
	"initiator/internal/queue"
	"initiator/internal/timerheap"
	"initiator/proactor"
)

// ErrClosed is the answer to whoever asks when the dispatcher is ending.
var ErrClosed = errors.New("the initiator is shutting down")

// Pool is what dispatch knows of a pool.
type Pool struct {
	Name      string
	Policy    task.Policy    // of tasks that name none of their own
	QueueMax  int            // most queued tasks; 0 = no limit
	Retention task.Retention // of finished tasks; zero = the queue's own
	Paused    bool           // takes tasks, and gives none to its workers
	// CallbackSecret signs the callbacks of its tasks; "" = that of Options.
	CallbackSecret string
}

// WorkerObserver is what dispatch concludes about workers and tells the supervisor.
// The methods are called from the loop and must not block.
type WorkerObserver interface {
	// Connected: the worker has accepted the connection; it gets tasks.
	WorkerConnected(guid string, incarnation int)
	// Overdue: its heartbeats are late; last is when the last one came.
	WorkerOverdue(guid string, incarnation int, last time.Time)
	// Beating: its heartbeats are back.
	WorkerRecovered(guid string, incarnation int)
	// Stuck: it has to be ended, because a task in it does not stop.
	WorkerStuck(guid string, incarnation int, reason string)
	// Drained: Drain was asked, and its last task has ended.
	WorkerDrained(guid string, incarnation int)
	// Measured: how many tasks have ended there, and its resident bytes as
	// it says itself (0 = it does not).
	WorkerMeasured(guid string, incarnation, tasks int, rss int64)
}

// Options make a Dispatcher.
type Options struct {
	Queue    task.Queue // Run closes it
	Pools    []Pool
	Observer WorkerObserver
	// Master is the base URL at which workers reach the webhooks.
	Master string
	Logger hclog.Logger // nil = none
	// WillResume says which workers of a former initiator will be attached: their
	// tasks go on. Resumed ends the wait for them. Nil = none.
	WillResume func(guid string, incarnation int) bool
	// OnConnected is told what each worker that connects has agreed to, from the
	// loop; it must not block. Nil = nobody.
	OnConnected func(guid string, incarnation, slots int, blunt bool)
	// CallbackSecret signs callbacks where the pool has no secret of its own.
	CallbackSecret string
	// StopGrace is how long a task that was asked to stop may take, from the
	// heartbeat that asks it, until its worker is Stuck; 0 = 10 s.
	StopGrace time.Duration
}

const stopGrace = 10 * time.Second

// Dispatcher is made with New and works while Run runs. Its methods may be
// called from any goroutine.
type Dispatcher struct {
	opts    Options
	log     hclog.Logger
	http    *http.Client
	mailbox *mailbox.Mailbox[message]

	sessions sync.Map     // session token → *session
	channels atomic.Value // map[int]bool, of the attached workers

	// Owned by the loop.
	pools              map[string]*pool
	workers            map[workerID]*workerConn
	waiters            map[uuid.UUID]*waiter
	subscribers        subscribers
	timers             timerheap.Heap[timerTarget]
	callbacks          callbackQueue
	effects            []effect
	spare              []effect // an emptied slice of a round before
	changed            map[*pool]bool
	resumable          map[workerID][]task.Task // run by workers that are not attached yet
	nextHeartbeatCheck time.Time

	// ctx ends the goroutines that the loop has started; group counts them.
	ctx    context.Context
	cancel context.CancelFunc
	group  sync.WaitGroup

	// These do not change after New.
	callbackSender    callbackSender
	postTimeout       time.Duration
	streamOpenTimeout time.Duration
	inlineMS          int
	webhooksOnly      bool // no streams: the benchmarks of webhooks want none
}

// workerID names one incarnation of a worker.
type workerID struct {
	guid        string
	incarnation int
}

type pool struct {
	Pool
	gone     bool // no tasks are taken for it; it has members still
	balancer loadBalancer
	members  map[workerID]*workerConn
	// refused notes which workers refused a task since it was last queued
	// for all of them. It is emptied when a worker goes, because the others
	// might wait for that one for ever.
	refused map[uuid.UUID]map[workerID]bool
	// isolated notes beside which task each of these does not run next: beside
	// the one for which their worker had to be ended.
	isolated map[uuid.UUID]uuid.UUID
}

// New returns a dispatcher over the queue. Run makes it work.
func New(o Options) *Dispatcher {
	log := o.Logger
	if log == nil {
		log = hclog.NewNullLogger()
	}
	if o.StopGrace <= 0 {
		o.StopGrace = stopGrace
	}
	d := &Dispatcher{
		opts: o, log: log, http: proactor.NewHTTP(256), mailbox: mailbox.New[message](), postTimeout: postTimeout, streamOpenTimeout: streamOpenTimeout, inlineMS: inlineMS,
		pools: map[string]*pool{}, workers: map[workerID]*workerConn{}, waiters: map[uuid.UUID]*waiter{}, changed: map[*pool]bool{}, resumable: map[workerID][]task.Task{},
	}
	d.callbackSender = newCallbackSender()
	d.channels.Store(map[int]bool{})
	d.ctx, d.cancel = context.WithCancel(context.Background())
	for _, p := range o.Pools {
		d.addPool(p)
	}
	return d
}

func (d *Dispatcher) addPool(p Pool) {
	d.opts.Queue.Retain(p.Name, p.Retention)
	if known, ok := d.pools[p.Name]; ok {
		known.Pool, known.gone = p, false
		return
	}
	d.pools[p.Name] = &pool{Pool: p, members: map[workerID]*workerConn{}, refused: map[uuid.UUID]map[workerID]bool{}, isolated: map[uuid.UUID]uuid.UUID{}}
}

// Run is the loop. It returns when ctx is done, after every goroutine that it
// started has ended and everybody who waits has been told.
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
		case <-d.opts.Queue.Synced():
		case <-alarm.C:
		}
		runtime.Gosched() // whoever is about to say something joins this round
		batch = d.mailbox.Take(batch)
		d.runRound(batch)
	}
	return nil
}

// runRound takes note of what has been committed, applies one batch, and commits
// it in turn. It does not wait for that: the next round may begin while this
// one is being written.
func (d *Dispatcher) runRound(batch []message) {
	d.opts.Queue.Settle()
	now := time.Now()
	for _, m := range batch {
		m.applyMessage(d, now)
	}
	d.expireDue(now)
	d.assignTasks(now)
	d.commitRound()
}

// expireDue does what is due by the clock alone.
func (d *Dispatcher) expireDue(now time.Time) {
	ended, woken := d.opts.Queue.Expire(now)
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

// nextWakeup is the next moment at which the clock alone makes something happen.
func (d *Dispatcher) nextWakeup() time.Time {
	at := time.Now().Add(time.Hour)
	for _, t := range []time.Time{d.opts.Queue.Due(), d.timers.NextDue(), d.callbacks.due.NextDue()} {
		if !t.IsZero() && t.Before(at) {
			at = t
		}
	}
	if len(d.workers) > 0 && d.nextHeartbeatCheck.Before(at) {
		at = d.nextHeartbeatCheck
	}
	return at
}

// goTracked starts a goroutine that ends with the dispatcher.
func (d *Dispatcher) goTracked(f func()) {
	d.group.Go(f)
}

// shutDown ends everything that the loop owned.
func (d *Dispatcher) shutDown() {
	d.cancel()
	for _, m := range d.mailbox.Close() {
		if r, ok := m.(interface{ refuse() }); ok {
			r.refuse()
		}
	}
	for _, first := range d.waiters {
		first.notifyChain(ErrClosed)
	}
	clear(d.waiters)
	d.closeQueue()
	d.subscribers.closeSubscriptions()
	d.group.Wait()
	d.sessions.Clear() // a worker that is still there may notice that we are not
	d.http.CloseIdleConnections()
	d.callbackSender.http.CloseIdleConnections()
}

func randomJitter() float64 { return rand.Float64() }
