package queue

import (
	"container/heap"
	"slices"

	"github.com/google/uuid"
)

// priorities is the number of levels, 0 to 9.
const priorities = 10

// readyList is the ready tasks of one pool: a first-in-first-out list per
// priority. Entries that left (cancelled, expired) are skipped when their turn
// comes, so that leaving costs nothing.
type readyList struct {
	levels [priorities]fifo
}

// fifo is a queue with room to put some back at its head.
type fifo struct {
	refs []ref
	head int
}

func (f *fifo) pushBack(r ref) { f.refs = append(f.refs, r) }

// pushFront puts one at the head. Where there is no room before it, as much is
// made as a quarter of the others take, so that the next ones find some.
func (f *fifo) pushFront(r ref) {
	if f.head == 0 {
		room := len(f.refs)/4 + 8
		f.refs, f.head = append(make([]ref, room, room+len(f.refs)+len(f.refs)/4+8), f.refs...), room
	}
	f.head--
	f.refs[f.head] = r
}

func (f *fifo) waiting() int { return len(f.refs) - f.head }

// removeAt takes the i-th waiting ref out (0 = the head).
func (f *fifo) removeAt(i int) {
	at := f.head + i
	copy(f.refs[f.head+1:at+1], f.refs[f.head:at])
	f.refs[f.head] = ref{}
	f.head++
	// Give the memory back when more than half of a long list is past.
	if f.head > 1024 && f.head*2 > len(f.refs) {
		f.refs = append([]ref(nil), f.refs[f.head:]...)
		f.head = 0
	}
}

// takeNext takes the first ref that is not void and not skipped.
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

// alarm wakes a queued task: at its NotBefore, or at its Deadline.
type alarm struct {
	at int64
	ref
}

// alarmHeap is a heap by time. Void ones are skipped when they ring, and swept
// out when they may be more than half of all.
type alarmHeap struct {
	list  []alarm
	sweep int // the length at which that is
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

func (a *alarmHeap) addAlarm(at int64, r ref) {
	if len(a.list) > max(a.sweep, 1024) {
		a.list = slices.DeleteFunc(a.list, func(x alarm) bool { return !x.isQueued() })
		heap.Init(a)
		a.sweep = 2 * len(a.list)
	}
	heap.Push(a, alarm{at: at, ref: r})
}

// takeDue takes the first alarm that is due.
func (a *alarmHeap) takeDue(now int64) (ref, bool) {
	if len(a.list) == 0 || a.list[0].at > now {
		return ref{}, false
	}
	return heap.Pop(a).(alarm).ref, true
}
