package queue

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
)

// Queue keeps every task from submit to the end of its retention. One
// goroutine uses it, the dispatcher's. Methods change what the next method
// sees; nothing is promised to anybody else before Commit has told so.
type Queue interface {
	// AddTask adds a queued task. When one with its id is known already, or
	// a live one of the pool has its unique key, that one is returned, Known,
	// and fresh is false.
	AddTask(t task.Task) (kept task.Task, fresh bool, err error)
	// ImportTask adds a record that another queue had, in the state in which it
	// was there; one that was running is queued, because its worker is not
	// ours. One whose id is known is left as it is, and fresh is false. Errors:
	// ErrInvalid, or ErrConflict where another task is alive under its unique key.
	ImportTask(now time.Time, t task.Task) (kept task.Task, fresh bool, err error)
	// FindExisting returns what Submit would return instead of adding the task.
	FindExisting(t task.Task) (known task.Task, ok bool)
	// LeaseNext leases the first ready task of the pool to a worker: priority,
	// then age. skip may leave out tasks that this worker should not get.
	LeaseNext(now time.Time, pool, guid string, incarnation int, skip func(uuid.UUID) bool) (task.Task, bool)
	// End closes the attempt of a lease and returns what became of the
	// task. ErrSuperseded when the lease is not the current one.
	EndAttempt(now time.Time, l Lease, o AttemptOutcome, jitter float64) (task.Task, error)
	// CancelQueued ends a queued task. A running one is returned unchanged: its
	// attempt has to be ended first.
	CancelQueued(now time.Time, id uuid.UUID, why string) (task.Task, error)
	// RetryTask queues a failed, cancelled or dead task again, with its
	// attempts counted from nothing. ErrConflict where another task is alive
	// under its unique key.
	RetryTask(now time.Time, id uuid.UUID) (task.Task, error)
	// Progress notes what a running handler says of itself.
	SetProgress(l Lease, progress []byte)
	// ExpireTasks ends queued tasks whose deadline has passed, and drops finished
	// ones beyond their retention. It returns those that ended, and whether
	// others can be leased that could not before.
	ExpireTasks(now time.Time) (ended []task.Task, woken bool)
	// NextExpiry is the next moment at which Expire has something to do; zero when
	// there is none.
	NextExpiry() time.Time
	// FindTask returns the record of one task.
	FindTask(id uuid.UUID) (task.Task, bool)
	// ListTasks returns records, newest first.
	ListTasks(f task.Filter) []task.Task
	// ListIDs names the tasks that List would return, without reading them.
	ListIDs(f task.Filter) []uuid.UUID
	// LiveChildren names the live tasks that a task has submitted, in no order.
	LiveChildren(parent uuid.UUID) []uuid.UUID
	// PendingCallbacks names the terminal tasks whose callback has not been told. They
	// are kept beyond their retention until Called says what became of it;
	// ended says which end of the task was told.
	PendingCallbacks() []uuid.UUID
	RecordCallback(id uuid.UUID, ended time.Time, state string)
	// CountQueued is how many tasks of a pool are queued.
	CountQueued(pool string) int
	// CountTasks tells how many tasks of each state each pool has.
	CountTasks() map[string]task.Counts
	// SetRetention sets how long the finished tasks of a pool are kept.
	SetRetention(pool string, r Retention)
	// Commit makes everything since the last Commit lasting, and has told
	// called then: with nil, or with the reason why it cannot be kept. It
	// does not wait. Those that are told are told in the order of their
	// commits, from within Commit, Settle or Close.
	//
	// After a failure, new tasks of all commits that were under way are gone
	// without a trace; every other change stands, and is stored with the next
	// Commit that succeeds.
	Commit(told func(error))
	// BatchDone has a token when Settle has something to do. Nil for a queue
	// that stores nothing.
	BatchDone() <-chan struct{}
	// FinishCommits does what follows from commits that have come to their end.
	FinishCommits()
	// StorageError says why nothing can be stored now: tasks are then neither taken
	// nor leased. Expire ends it, when it is time to try again.
	StorageError() error
	// Close commits, tells everybody, and ends the use of the queue. More
	// than once does nothing.
	Close() error
}

// ErrSuperseded says that a lease is not, or no longer, the current one.
var ErrSuperseded = errors.New("superseded: the task is with another attempt, or has ended")
