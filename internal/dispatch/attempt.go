package dispatch

import (
	"encoding/json"
	"sync/atomic"
	"time"

	"initiator/internal/queue"
	"initiator/internal/timerheap"
)

// attempt is one attempt in a worker.
type attempt struct {
	lease  queue.Lease
	method string
	data   json.RawMessage
	stream *workerStream // by which it was given; nil = by webhook
	// number counts every time that the task was given to a worker, paid for or
	// not. It is the attempt on the wire: a worker remembers what it has
	// finished by id and attempt, so a number must not come again.
	number     int
	began      time.Time
	lastListed time.Time // last listed in a heartbeat, or sent
	// lastProgress is when it last made progress, and seq the number of that;
	// patience is how long it may make none, 0 = any time.
	lastProgress    time.Time
	progressSeq     uint64
	progressTimeout time.Duration
	output          *attemptOutput // what it has written; nil = nothing
	deadline        time.Time      // zero = no timeout
	timer           timerheap.Timer[timerTarget]
	// stopRequested is when the worker was to be told to stop it; zero = not.
	stopRequested time.Time
	// ended tells the goroutine that posts it to make no further try.
	ended atomic.Bool
	// reached is set while the worker may have the task.
	reached atomic.Bool
	// stopping is set once the attempt is over for us while the worker
	// still holds the slot.
	stopping bool
	// cancelled is set when somebody asked for the end of the task.
	cancelled    bool
	cancelReason string
	resend       bool // to be sent once more, see resendAttempts
}

// matches says whether a worker that names this attempt means the run. A ding slave
// names none.
func (r *attempt) matches(attempt int) bool { return attempt == 0 || attempt == r.number }

// isOverdue says whether the time of an attempt is over.
func (r *attempt) isOverdue(now time.Time) bool {
	return !r.deadline.IsZero() && !now.Before(r.deadline)
}
