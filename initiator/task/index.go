package task

import (
	"container/heap"
	"time"

	"github.com/google/uuid"
)

// priorities is the number of levels, 0 to 9.
const priorities = 10

// line is the ready tasks of one pool: a first-in-first-out list per
// priority. Entries that left (cancelled, expired) are skipped when their turn
// comes, so that leaving costs nothing.
type line struct {
	levels [priorities]fifo
}

// fifo is a queue of ids with room to put some back at its head.
type fifo struct {
	ids  []ref
	head int
}

// ref is one place in a line. It is void once the task's seq has moved on.
type ref struct {
	id  uuid.UUID
	seq uint64
}

func (f *fifo) push(r ref) { f.ids = append(f.ids, r) }

func (f *fifo) pushFront(r ref) {
	if f.head > 0 {
		f.head--
		f.ids[f.head] = r
		return
	}
	f.ids = append([]ref{r}, f.ids...)
}

func (f *fifo) len() int { return len(f.ids) - f.head }

// pop takes the i-th waiting ref out (0 = the head).
func (f *fifo) pop(i int) {
	at := f.head + i
	copy(f.ids[f.head+1:at+1], f.ids[f.head:at])
	f.head++
	// Give the memory back when more than half of a long list is past.
	if f.head > 1024 && f.head*2 > len(f.ids) {
		f.ids = append([]ref(nil), f.ids[f.head:]...)
		f.head = 0
	}
}

// next takes the first ref that is alive and not skipped.
func (l *line) next(alive func(ref) bool, skip func(uuid.UUID) bool) (uuid.UUID, bool) {
	for p := priorities - 1; p >= 0; p-- {
		f := &l.levels[p]
		for i := 0; i < f.len(); {
			r := f.ids[f.head+i]
			switch {
			case !alive(r):
				f.pop(i)
			case skip != nil && skip(r.id):
				i++
			default:
				f.pop(i)
				return r.id, true
			}
		}
	}
	return uuid.UUID{}, false
}

// alarm wakes a queued task: at its NotBefore, or at its Deadline.
type alarm struct {
	at time.Time
	ref
}

// alarms is a heap by time. Void ones are skipped when they ring.
type alarms []alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)        { *a = append(*a, x.(alarm)) }
func (a *alarms) Pop() any {
	old := *a
	last := old[len(old)-1]
	*a = old[:len(old)-1]
	return last
}

func (a *alarms) add(at time.Time, r ref) { heap.Push(a, alarm{at: at, ref: r}) }

// ring takes the first alarm that is due.
func (a *alarms) ring(now time.Time) (ref, bool) {
	if len(*a) == 0 || (*a)[0].at.After(now) {
		return ref{}, false
	}
	return heap.Pop(a).(alarm).ref, true
}
