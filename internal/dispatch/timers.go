package dispatch

import (
	"container/heap"
	"time"
)

// timer rings once: for an attempt that takes too long, or (run is nil) for a
// worker that was left alone for a moment. It lives in what it is for and is
// dropped with it: were the timers of ended attempts kept until they are due,
// an hour's timeout would keep an hour's tasks.
type timer struct {
	at    time.Time
	peer  *peer
	run   *run
	place int // in the heap, from 1; 0 = not set
}

// timers is a heap by time. The zero value is empty.
type timers []*timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }

// Swap implements heap.Interface.
func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].place, t[j].place = i+1, j+1
}

// Push implements heap.Interface; use set.
func (t *timers) Push(x any) {
	*t = append(*t, x.(*timer))
	x.(*timer).place = len(*t)
}

// Pop implements heap.Interface; use drop and ring.
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	last.place = 0
	return last
}

// set makes a timer ring at that time and no other; at zero, never.
func (t *timers) set(x *timer, at time.Time) {
	x.at = at
	switch {
	case at.IsZero():
		t.drop(x)
	case x.place > 0:
		heap.Fix(t, x.place-1)
	default:
		heap.Push(t, x)
	}
}

func (t *timers) drop(x *timer) {
	if x.place > 0 {
		heap.Remove(t, x.place-1)
	}
}

func (t *timers) first() time.Time {
	if len(*t) == 0 {
		return time.Time{}
	}
	return (*t)[0].at
}

// ring hands over every timer that is due.
func (t *timers) ring(now time.Time, f func(*timer)) {
	for len(*t) > 0 && !(*t)[0].at.After(now) {
		f(heap.Pop(t).(*timer))
	}
}
