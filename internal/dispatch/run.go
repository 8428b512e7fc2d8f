package dispatch

import (
	"encoding/json"
	"sync/atomic"
	"time"

	"initiator/internal/queue"
	"initiator/internal/timerheap"
)

// run is one attempt in a worker.
type run struct {
	lease  task.Lease
	method string
	data   json.RawMessage
	line   *line // by which it was given; nil = by webhook
	// try counts every time that the task was given to a worker, paid for or
	// not. It is the attempt on the wire: a worker remembers what it has
	// finished by id and attempt, so a number must not come again.
	try   int
	began time.Time
	seen  time.Time // last listed in a heartbeat, or sent
	// moved is when it last made progress, and seq the number of that;
	// patience is how long it may make none, 0 = any time.
	moved    time.Time
	seq      uint64
	patience time.Duration
	output   *output   // what it has written; nil = nothing
	ends     time.Time // zero = no timeout
	timer    timerheap.Timer[timerTarget]
	// asked is when the worker was to be told to stop it; zero = not.
	asked time.Time
	// over tells the goroutine that posts it to make no further try.
	over atomic.Bool
	// reached is set while the worker may have the task.
	reached atomic.Bool
	// stopping is set once the attempt is over for us while the worker
	// still holds the slot.
	stopping bool
	// cancelled is set when somebody asked for the end of the task.
	cancelled bool
	why       string
	again     bool // to be sent once more, see askAgain
}

// timerTarget is what a timer belongs to: an attempt that takes too long, or,
// where run is nil, a worker that gets no tasks for a moment.
type timerTarget struct {
	peer *peer
	run  *run
}

// is says whether a worker that names this attempt means the run. A ding slave
// names none.
func (r *run) is(attempt int) bool { return attempt == 0 || attempt == r.try }

// late says whether the time of an attempt is over.
func (r *run) late(now time.Time) bool { return !r.ends.IsZero() && !now.Before(r.ends) }
