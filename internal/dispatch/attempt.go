package dispatch

import (
	"encoding/json"
	"sync/atomic"
	"time"

	"initiator/internal/frozentime"
	"initiator/internal/queue"
	"initiator/internal/timerheap"
)

// attempt is one attempt at a task in a worker. The loop owns it; ended and
// reached are shared with the goroutine that sends it.
type attempt struct {
	lease  queue.Lease
	method string
	data   json.RawMessage
	stream *workerStream // that carried the task; nil = a webhook did
	// number counts how often the task was given to a worker, whether or not
	// the attempt is charged. It is the attempt number on the wire. A worker
	// remembers a finished task by id and attempt number, so a number must
	// never be used twice.
	number int
	// unsent is set until the lease is stored. The worker cannot have the task
	// before, so its time does not begin, and no heartbeat lists it.
	unsent     bool
	began      time.Time
	lastListed time.Time // last listed in a heartbeat, or sent
	listed     bool      // the worker has shown that it runs the task
	// lastProgress is the time of the last progress, and progressSeq its
	// number. progressTimeout is how long the attempt may make no progress; 0 =
	// any time.
	lastProgress    time.Time
	progressSeq     uint64
	progressTimeout time.Duration
	progressRefused bool           // the warning of canShowProgress was logged
	output          *attemptOutput // nil = the attempt has written nothing
	deadline        time.Time      // the earlier of the next two; zero = none
	taskDeadline    time.Time      // of the task: a time of day; zero = none
	timeout         time.Time      // when its running time is over; moved by gaps; zero = never
	toldDeadline    time.Time      // deadline, as the worker was told
	gap             frozentime.Gap // how long the initiator did not run since the attempt began
	// unconfirmed is set while it is not known whether the worker still runs the
	// task, and since when: see confirmAttempt and checkLease; zero = the worker
	// runs it.
	unconfirmed time.Time
	timer       timerheap.Timer[timerTarget]
	// stopRequested is when the worker was first to be asked to stop the task;
	// zero = never.
	stopRequested time.Time
	// ended makes the goroutine that posts the task stop trying.
	ended atomic.Bool
	// reached is set while the worker may have received the task.
	reached atomic.Bool
	// stopping is set when the attempt has ended for the queue while the worker
	// still holds the slot.
	stopping bool
	// cancelled is set when a caller cancelled the task.
	cancelled    bool
	cancelReason string
	resend       bool // the task must be sent again, see resendAttempts
	repeated     bool // the task was sent again: the worker may have had it before
	atMostOnce   bool // of the task's policy
	// suspect is set while the task is a suspect of that group. clearTimer ends
	// this at clearAt, unless that is zero; moved by gaps.
	suspect    bool
	group      int
	clearAt    time.Time
	clearTimer timerheap.Timer[timerTarget]
}

// matches reports whether a worker that names this attempt number means r. A
// legacy worker names none, which is 0.
func (r *attempt) matches(attempt int) bool { return attempt == 0 || attempt == r.number }

// dueTime returns when the timer of the attempt is due; zero = never.
func (r *attempt) dueTime() time.Time {
	if r.unsent {
		return r.taskDeadline
	}
	return r.deadline
}

// isOverdue reports whether the deadline of the attempt has passed.
func (r *attempt) isOverdue(now time.Time) bool {
	return !r.deadline.IsZero() && !now.Before(r.deadline)
}
