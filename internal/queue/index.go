package queue

import (
	"container/heap"
	"slices"

	"github.com/google/uuid"
)

// priorities is the number of priorities, 0 to 9.
const priorities = 10

// readyList has the ready tasks of one pool: a first-in-first-out list for each
// priority. A task that is cancelled or expires makes its ref void; takeNext
// removes void refs, so that a cancel costs nothing here.
type readyList struct {
	levels [priorities]fifo
}

// fifo is a list of refs with space at its head for tasks that come back.
type fifo struct {
	refs []ref
	head int
}

func (f *fifo) pushBack(r ref) { f.refs = append(f.refs, r) }

// pushFront adds a ref at the head. Without space at the head it makes space for a
// quarter of the list, so that the next calls find space.
func (f *fifo) pushFront(r ref) {
	if f.head == 0 {
		room := len(f.refs)/4 + 8
		f.refs, f.head = append(make([]ref, room, room+len(f.refs)+len(f.refs)/4+8), f.refs...), room
	}
	f.head--
	f.refs[f.head] = r
}

// waiting returns the number of refs in the list.
func (f *fifo) waiting() int { return len(f.refs) - f.head }

// removeAt removes the i-th ref of the list; 0 is the head.
func (f *fifo) removeAt(i int) {
	at := f.head + i
	copy(f.refs[f.head+1:at+1], f.refs[f.head:at])
	f.refs[f.head] = ref{}
	f.head++
	// Free the memory when more than half of a long slice is unused.
	if f.head > 1024 && f.head*2 > len(f.refs) {
		f.refs = append([]ref(nil), f.refs[f.head:]...)
		f.head = 0
	}
}

// takeNext removes and returns the first task whose ref is valid and which skip
// does not leave out. skip may be nil.
func (l *readyList) takeNext(skip func(uuid.UUID) bool) (*entry, bool) {
	for p := priorities - 1; p >= 0; p-- {
		f := &l.levels[p]
		for i := 0; i < f.waiting(); {
			r := f.refs[f.head+i]
			switch {
			case !r.isQueued():
				f.removeAt(i)
			case skip != nil && skip(r.en.id):
				i++
			default:
				f.removeAt(i)
				return r.en, true
			}
		}
	}
	return nil, false
}

// alarm is the NotBefore or the Deadline of a queued task.
type alarm struct {
	at int64 // nanoseconds
	ref
}

// alarmHeap is a heap of alarms by time. The user of takeDue ignores void alarms.
// addAlarm removes void alarms when they may be more than half of the heap.
type alarmHeap struct {
	list  []alarm
	sweep int // the length beyond which addAlarm removes void alarms
}

func (a *alarmHeap) Len() int           { return len(a.list) }
func (a *alarmHeap) Less(i, j int) bool { return a.list[i].at < a.list[j].at }
func (a *alarmHeap) Swap(i, j int)      { a.list[i], a.list[j] = a.list[j], a.list[i] }
func (a *alarmHeap) Push(x any)         { a.list = append(a.list, x.(alarm)) }
func (a *alarmHeap) Pop() any {
	n := len(a.list) - 1
	last := a.list[n]
	a.list[n] = alarm{}
	a.list = a.list[:n]
	return last
}

// addAlarm adds an alarm.
func (a *alarmHeap) addAlarm(at int64, r ref) {
	if len(a.list) > max(a.sweep, 1024) {
		a.list = slices.DeleteFunc(a.list, func(x alarm) bool { return !x.isQueued() })
		heap.Init(a)
		a.sweep = 2 * len(a.list)
	}
	heap.Push(a, alarm{at: at, ref: r})
}

// takeDue removes and returns the first alarm that is due.
func (a *alarmHeap) takeDue(now int64) (ref, bool) {
	if len(a.list) == 0 || a.list[0].at > now {
		return ref{}, false
	}
	return heap.Pop(a).(alarm).ref, true
}
