package queue

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue/store"
)

// Queue keeps every task from the submit to the end of its retention. One
// goroutine uses a Queue, the dispatcher's goroutine. The next method sees every
// change at once. A change may be acknowledged to a caller or a worker only when
// Commit has reported success.
//
// Methods return copies of tasks. The copies share slices with the queue: do not
// change their contents.
type Queue interface {
	// AddTask adds a queued task and returns it with fresh = true. When the
	// queue has a task with the same id, or a task of the pool with the same
	// unique key has not ended, AddTask returns that task with Known set, and
	// fresh = false. The error is StorageError.
	AddTask(t task.Task) (kept task.Task, fresh bool, err error)
	// ImportTask adds a task of another queue, in its state there. A running
	// task is queued, because its worker belongs to another initiator. A known
	// id leaves the queue unchanged and returns the known task with fresh =
	// false. Errors: task.ErrInvalid; task.ErrConflict when another task has
	// the same unique key and has not ended; StorageError.
	ImportTask(now time.Time, t task.Task) (kept task.Task, fresh bool, err error)
	// FindExisting returns the task that AddTask would return instead of adding
	// t. It reports false when AddTask would add t.
	FindExisting(t task.Task) (known task.Task, ok bool)
	// LeaseNext leases the first ready task of the pool that is no suspect to a
	// worker, by priority and then by age. skip reports which tasks this worker must not
	// get; nil leaves out no task. LeaseNext reports false when no task is
	// ready, or when nothing can be stored.
	LeaseNext(now time.Time, pool, guid string, incarnation int, skip func(uuid.UUID) bool) (task.Task, bool)
	// NextSuspect returns the suspect of the pool that LeaseSuspect would lease,
	// by priority and then by age. It reports false when no suspect is ready.
	NextSuspect(now time.Time, pool string) (task.Task, bool)
	// LeaseSuspect leases the ready suspect that NextSuspect returns to a
	// worker. It reports false as LeaseNext does.
	LeaseSuspect(now time.Time, pool, guid string, incarnation int) (task.Task, bool)
	// ClearSuspect makes the task of a lease an ordinary task, because its
	// attempt has run long enough. It reports false for a task that is no
	// suspect or has another lease.
	ClearSuspect(l Lease) bool
	// EndAttempt ends the attempt of a lease as DecideRetry decides, and
	// returns the task after it. jitter is a random number in [0, 1). Errors:
	// ErrSuperseded when the lease is not the current lease of the task;
	// task.ErrNotFound.
	EndAttempt(now time.Time, l Lease, o AttemptOutcome, jitter float64) (task.Task, error)
	// CancelQueued ends a queued task. It returns a running task unchanged: the
	// caller must end its attempt first. Errors: task.ErrNotFound;
	// task.ErrConflict when the task has ended.
	CancelQueued(now time.Time, id uuid.UUID, why string) (task.Task, error)
	// RetryTask queues a failed, cancelled or dead task again, and counts its
	// attempts, interruptions and suspicions from 0. Errors: task.ErrNotFound; task.ErrConflict when the task
	// is in another state, or when another task has the same unique key and has
	// not ended.
	RetryTask(now time.Time, id uuid.UUID) (task.Task, error)
	// SetProgress notes the progress that a running handler reported. A lease
	// that is not current is ignored.
	SetProgress(l Lease, progress []byte)
	// ExpireTasks ends queued tasks whose deadline has passed, drops terminal
	// tasks beyond their retention, and lets the next Commit try a failed disk
	// again. It returns the tasks that it ended. woken reports that tasks may
	// be leased which could not be leased before.
	ExpireTasks(now time.Time) (ended []task.Task, woken bool)
	// NextExpiry returns when ExpireTasks has to be called next for a delay, a
	// deadline or a failed disk; the zero time = never. Retention does not
	// count.
	NextExpiry() time.Time
	// FindTask returns a task. It reports false for an unknown id.
	FindTask(id uuid.UUID) (task.Task, bool)
	// OpenTask returns a task for another goroutine, without reading its
	// record. It reports false for an unknown id.
	OpenTask(id uuid.UUID) (*TaskReader, bool)
	// SelectTasks returns a page of a list, newest submit first, without reading
	// records. Error: task.ErrInvalid for f.After.
	SelectTasks(f task.Filter) (Selection, error)
	// RunningTasks returns the running tasks, in no particular order.
	RunningTasks() []task.Task
	// LiveChildren returns the ids of the children of a task that have not
	// ended, in no particular order.
	LiveChildren(parent uuid.UUID) []uuid.UUID
	// PendingCallbacks returns the ids of the terminal tasks whose callback is
	// pending. Their retention begins with RecordCallback.
	PendingCallbacks() []uuid.UUID
	// RecordCallback stores the new state of a callback: delivered, or the
	// reason why it was given up. ended is the Ended of the delivered task; a
	// callback of an end before a retry is ignored.
	RecordCallback(id uuid.UUID, ended time.Time, state string)
	// CountQueued returns the number of queued tasks of a pool.
	CountQueued(pool string) int
	// CountTasks returns the number of tasks in each state, by pool.
	CountTasks() map[string]task.Counts
	// SetRetention sets how long and how many terminal tasks of a pool are
	// kept. Zero fields take the defaults of the queue.
	SetRetention(pool string, r Retention)
	// Commit stores every change since the last Commit and then calls done,
	// with nil or with the reason why nothing could be stored. It does not
	// wait for the disk. The functions are called in the order of the commits,
	// by Commit, FinishCommits or Close.
	//
	// After an error, the new tasks of all unfinished commits are removed from
	// the queue. Every other change stays, and the next successful commit
	// stores it.
	Commit(done func(error))
	// BatchDone receives a token when FinishCommits has a batch to finish. It
	// is nil for a queue that stores nothing.
	BatchDone() <-chan struct{}
	// FinishCommits handles the result of a written batch, and starts the next
	// batch.
	FinishCommits()
	// StorageError returns why nothing can be stored now, nil when storing
	// works. With an error, no task is added or leased. ExpireTasks clears the
	// error when it is time to try again. The error wraps task.ErrStorage.
	StorageError() error
	// Snapshot lists the files of the queue as of the last commit that has
	// reported success, to be copied. The error is ErrNotStored.
	Snapshot() ([]store.SegmentCopy, error)
	// Close commits, calls the functions of all commits, and closes the files.
	// A second Close does nothing.
	Close() error
}

// ErrSuperseded reports that a lease is not the current lease of its task.
var ErrSuperseded = errors.New("superseded: the task has a newer attempt, or it has ended")
