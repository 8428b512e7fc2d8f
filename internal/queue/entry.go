package queue

import (
	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue/store"
)

// stateCode is a task.State in one byte, in the index and in records. The numbers
// are part of the stored format.
type stateCode uint8

const (
	queued stateCode = iota
	running
	completed
	failed
	cancelled
	dead
	stateCodes                 // number of states
	gone       stateCode = 255 // dropped from the index; never stored
)

// states has the state of each code.
var states = [stateCodes]task.State{task.Queued, task.Running, task.Completed, task.Failed, task.Cancelled, task.Dead}

func (c stateCode) state() task.State { return states[c] }

func (c stateCode) terminal() bool { return c >= completed && c < stateCodes }

// stateCodeOf returns the code of a state, stateCodes when the state is unknown.
func stateCodeOf(s task.State) stateCode {
	for c, known := range states {
		if known == s {
			return stateCode(c)
		}
	}
	return stateCodes
}

// entry is a task in the index. There may be millions of entries, so an entry has
// only the fields that the index needs. The task itself is in memory while it runs,
// while it has unstored changes, and in the cache.
type entry struct {
	id          uuid.UUID
	seq         int64 // place in a list; a new seq makes older refs void
	at          int64 // nanoseconds: NotBefore of a queued task, Ended of a terminal task
	deadline    int64 // nanoseconds; 0 = none
	submitted   int64 // nanoseconds
	pool        *poolTasks
	task        *task.Task  // nil = only on the disk
	whole       store.Place // of the newest whole record; zero = not stored yet
	head        store.Place // of the newest head after it; zero = no head
	cachedBytes uint32      // bytes that the task counts for in the cache; 0 = not cached
	state       stateCode
	priority    uint8
	changed     bool // the task has changed since its last record was encoded
	marks       byte // of the stored records: kindBound, kindOwes, kindSuspect
	suspect     bool // the task waits, or was leased, as a suspect
	rewrite     bool // the next record is a whole record, although one is stored
}

// ref is a place of a task in a list. It is void when the task has another seq.
type ref struct {
	en  *entry
	seq int64
}

// isQueued reports whether the ref is valid and its task is queued.
func (r ref) isQueued() bool { return r.en.seq == r.seq && r.en.state == queued }

// isFinished reports whether the ref is valid and its task is terminal.
func (r ref) isFinished() bool { return r.en.seq == r.seq && r.en.state.terminal() }

// poolTasks is the index of one pool.
type poolTasks struct {
	name      string
	retention Retention
	ready     readyList                   // tasks that are no suspects
	suspects  readyList                   // suspects, which LeaseNext leaves out
	order     []*entry                    // by age, unless unsorted is set; may have dropped entries
	unsorted  bool                        // order has a task that is older than the task before it
	goneCount int                         // number of dropped entries in order
	finished  [finishedLists]finishedList // the terminal tasks, apart from those with a pending callback
	counts    [stateCodes]int             // tasks in each state
}
