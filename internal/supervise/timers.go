package supervise

import (
	"container/heap"
	"time"
)

// timers is the heap of all workers that wait for a time, the earliest first:
// one timer of the runtime serves them all.
type timers []*worker

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return t[i].due.Before(t[j].due) }

func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].timer, t[j].timer = i, j
}

// Push is for package heap.
func (t *timers) Push(x any) {
	w := x.(*worker)
	w.timer = len(*t)
	*t = append(*t, w)
}

// Pop is for package heap.
func (t *timers) Pop() any {
	last := (*t)[len(*t)-1]
	(*t)[len(*t)-1] = nil
	*t = (*t)[:len(*t)-1]
	last.timer = -1
	return last
}

// set moves a worker to its new time; zero takes it out.
func (t *timers) set(w *worker, due time.Time) {
	switch {
	case due.Equal(w.due):
		return
	case due.IsZero():
		heap.Remove(t, w.timer)
	case w.timer >= 0:
		w.due = due
		heap.Fix(t, w.timer)
	default:
		w.due = due
		heap.Push(t, w)
	}
	w.due = due
}

// first returns the worker whose time comes first, or nil.
func (t timers) first() *worker {
	if len(t) == 0 {
		return nil
	}
	return t[0]
}
