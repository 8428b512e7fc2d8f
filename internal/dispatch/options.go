package dispatch

import (
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/queue"
)

// WorkerObserver receives what the dispatcher concludes about workers. The
// supervisor's side implements it. The loop calls the methods: they must not
// block.
type WorkerObserver interface {
	// WorkerConnected says that the worker accepted the connection and gets
	// tasks.
	WorkerConnected(guid string, incarnation int)
	// WorkerOverdue says that the worker's heartbeats are late. last is the
	// time of the newest heartbeat.
	WorkerOverdue(guid string, incarnation int, last time.Time)
	// WorkerRecovered says that the heartbeats of an overdue worker are back.
	WorkerRecovered(guid string, incarnation int)
	// WorkerStuck says that the worker must be ended, because a task in it does
	// not stop.
	WorkerStuck(guid string, incarnation int, reason string)
	// WorkerDrained says that the last task of a worker has ended after
	// DrainWorker.
	WorkerDrained(guid string, incarnation int)
	// WorkerMeasured reports how many tasks have ended in the worker, and the
	// resident bytes that the worker reports about itself; 0 = the worker
	// reports none.
	WorkerMeasured(guid string, incarnation, tasks int, rss int64)
}

// Options are the settings of a Dispatcher.
type Options struct {
	Queue    queue.Queue // Run closes it
	Pools    []Pool
	Observer WorkerObserver
	// Master is the base URL at which workers reach the webhooks.
	Master string
	Logger hclog.Logger // nil = no log
	// WillResume reports whether a worker of an earlier initiator will be
	// attached. The tasks of such a worker go on. FinishResume ends the wait
	// for them. nil = no worker is resumed.
	WillResume func(guid string, incarnation int) bool
	// OnConnected receives what each worker that connects has agreed to. The
	// loop calls it: it must not block. nil = ignored.
	OnConnected func(guid string, incarnation, slots int, legacy bool)
	// CallbackSecret signs callbacks of pools that have no secret of their own.
	CallbackSecret string
	// StopGrace is how long a task may take to stop, from the heartbeat that
	// asks for it until its worker is reported as stuck; 0 = 10 s.
	StopGrace time.Duration
}

const stopGrace = 10 * time.Second
