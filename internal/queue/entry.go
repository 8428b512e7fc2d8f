package queue

import (
	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/queue/store"
)

// stateCode is a State in one byte: in the index, and in records. The numbers are
// part of the format.
type stateCode uint8

const (
	queued stateCode = iota
	running
	completed
	failed
	cancelled
	dead
	stateCodes           // how many there are
	gone       stateCode = 255
)

var states = [stateCodes]task.State{task.Queued, task.Running, task.Completed, task.Failed, task.Cancelled, task.Dead}

func (c stateCode) state() task.State { return states[c] }

func (c stateCode) terminal() bool { return c >= completed && c < stateCodes }

func stateCodeOf(s task.State) stateCode {
	for c, known := range states {
		if known == s {
			return stateCode(c)
		}
	}
	return stateCodes
}

// entry is a task in the index. There may be millions: what the index does not
// need is in the record, and the record is in memory only while the task is
// being worked with.
type entry struct {
	id          uuid.UUID
	seq         int64 // its place in line or among the finished; a new one voids refs
	at          int64 // not before (queued), or when it ended
	deadline    int64
	submitted   int64
	pool        *poolTasks
	task        *task.Task // nil = on disk
	whole       store.Place
	head        store.Place // newer than whole; zero = nothing has changed since
	cachedBytes uint32      // bytes that it counts for among the warm ones; 0 = it is not
	state       stateCode
	priority    uint8
	changed     bool // the record in memory is newer than the one that Flush has seen
	marks       byte // of its newest records: kindBound, kindOwes
	rewrite     bool // is to be written whole, although it is on disk
}

// ref is one place in a line. It is void once the task's seq has moved on.
type ref struct {
	en  *entry
	seq int64
}

// isQueued says whether the place still stands for a queued task.
func (r ref) isQueued() bool { return r.en.seq == r.seq && r.en.state == queued }

// isFinished says whether the place still stands for a finished task.
func (r ref) isFinished() bool { return r.en.seq == r.seq && r.en.state.terminal() }

// poolTasks is what the index keeps of one pool.
type poolTasks struct {
	name      string
	retention Retention
	ready     readyList
	order     []*entry // as they were submitted, with some that are gone
	goneCount int      // how many of them are gone
	finished  []ref    // oldest first
	counts    [stateCodes]int
}
