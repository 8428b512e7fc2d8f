package dispatch

import (
	"container/heap"
	"time"

	"github.com/google/uuid"
)

// timer ends an attempt that takes too long. It is void when the attempt has
// ended before.
type timer struct {
	at      time.Time
	who     who
	task    uuid.UUID
	attempt int
	// grace is set on the second timer of an attempt, which ends the worker.
	grace bool
}

// timers is a heap by time. The zero value is empty.
type timers []timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].at.Before(t[j].at) }
func (t timers) Swap(i, j int)      { t[i], t[j] = t[j], t[i] }

// Push implements heap.Interface; use add.
func (t *timers) Push(x any) { *t = append(*t, x.(timer)) }

// Pop implements heap.Interface; use ring.
func (t *timers) Pop() any {
	old := *t
	last := old[len(old)-1]
	*t = old[:len(old)-1]
	return last
}

func (t *timers) add(x timer) { heap.Push(t, x) }

func (t *timers) first() time.Time {
	if len(*t) == 0 {
		return time.Time{}
	}
	return (*t)[0].at
}

// ring hands over every timer that is due.
func (t *timers) ring(now time.Time, f func(timer)) {
	for len(*t) > 0 && !(*t)[0].at.After(now) {
		f(heap.Pop(t).(timer))
	}
}
