package task

import (
	"errors"
	"time"

	"github.com/google/uuid"
)

// Queue keeps every task from submit to the end of its retention. One
// goroutine uses it, the dispatcher's. Methods change what the next method
// sees; nothing is promised to anybody else before Commit has returned nil.
type Queue interface {
	// Submit adds a queued task. When one with its id is known already,
	// that one is returned and fresh is false.
	Submit(t Task) (kept Task, fresh bool, err error)
	// Next leases the first ready task of the pool to a worker: priority,
	// then age. skip may leave out tasks that this worker should not get.
	Next(now time.Time, pool, guid string, incarnation int, skip func(uuid.UUID) bool) (Task, bool)
	// End closes the attempt of a lease and returns what became of the
	// task. ErrSuperseded when the lease is not the current one.
	End(now time.Time, l Lease, o Outcome, jitter float64) (Task, error)
	// Cancel ends a queued task. A running one is returned unchanged: its
	// attempt has to be ended first.
	Cancel(now time.Time, id uuid.UUID, why string) (Task, error)
	// Retry queues a failed, cancelled or dead task again, with its
	// attempts counted from nothing.
	Retry(now time.Time, id uuid.UUID) (Task, error)
	// Progress notes what a running handler says of itself.
	Progress(l Lease, progress []byte)
	// Expire ends queued tasks whose deadline has passed, and drops finished
	// ones beyond their retention. It returns those that ended, and whether
	// the delay of any other is over.
	Expire(now time.Time) (ended []Task, woken bool)
	// Due is the next moment at which a queued task becomes ready or
	// expires; zero when there is none.
	Due() time.Time
	// Get returns the record of one task.
	Get(id uuid.UUID) (Task, bool)
	// List returns records, newest first.
	List(f Filter) []Task
	// Counts tells how many tasks of each state each pool has.
	Counts() map[string]Counts
	// Commit makes everything since the last Commit lasting.
	Commit() error
	// Close ends the use of the queue.
	Close() error
}

// Filter says which tasks to list. Zero fields do not filter.
type Filter struct {
	Pool  string
	State State
	Limit int // 0 = 100
}

// Counts is the number of tasks in each state.
type Counts map[State]int

var (
	// ErrSuperseded: the lease is not, or no longer, the current one.
	ErrSuperseded = errors.New("superseded: the task is with another attempt, or has ended")
	// ErrUnknown: there is no such task, or its retention is over.
	ErrUnknown = errors.New("no such task")
	// ErrState: the task's state does not allow what was asked.
	ErrState = errors.New("not possible in this state")
)
