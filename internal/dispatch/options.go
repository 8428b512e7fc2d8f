package dispatch

import (
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/queue"
)

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
	Queue    queue.Queue // Run closes it
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
	OnConnected func(guid string, incarnation, slots int, legacy bool)
	// CallbackSecret signs callbacks where the pool has no secret of its own.
	CallbackSecret string
	// StopGrace is how long a task that was asked to stop may take, from the
	// heartbeat that asks it, until its worker is Stuck; 0 = 10 s.
	StopGrace time.Duration
}

const stopGrace = 10 * time.Second
