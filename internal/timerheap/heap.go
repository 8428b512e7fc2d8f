package timerheap

import (
	"container/heap"
	"iter"
	"time"
)

// Timer is one deadline of a value. The zero value is not in a heap; set Value
// before the first Set. A Timer must not be copied while it is in a heap.
type Timer[T any] struct {
	// Value is what PopDue yields.
	Value T
	due   time.Time
	index int // place in the heap, from 1; 0 = not in a heap
}

// Due returns the time at which the timer is due; zero = it is not set.
func (t *Timer[T]) Due() time.Time { return t.due }

// Heap holds timers, the earliest first. The zero value is empty. One goroutine
// owns a heap and its timers; Set, Remove and each step of PopDue take
// O(log n).
type Heap[T any] struct {
	timers order[T]
}

// Len returns the number of timers that are set.
func (h *Heap[T]) Len() int { return len(h.timers) }

// Set makes a timer due at that time instead of any earlier one. The zero time
// removes the timer. A timer must be used with one heap only.
func (h *Heap[T]) Set(t *Timer[T], due time.Time) {
	switch {
	case due.IsZero():
		h.Remove(t)
	case t.index == 0:
		t.due = due
		heap.Push(&h.timers, t)
	case !due.Equal(t.due):
		t.due = due
		heap.Fix(&h.timers, t.index-1)
	}
}

// Remove takes a timer out of the heap. Removing a timer that is not set has no
// effect.
func (h *Heap[T]) Remove(t *Timer[T]) {
	if t.index > 0 {
		heap.Remove(&h.timers, t.index-1)
	}
}

// NextDue returns the earliest time at which a timer is due; zero = the heap is
// empty.
func (h *Heap[T]) NextDue() time.Time {
	if len(h.timers) == 0 {
		return time.Time{}
	}
	return h.timers[0].due
}

// PopDue removes every timer that is due at now or before, and yields their
// values, the earliest first. The body of the loop may set and remove timers of
// this heap; a timer that it sets to now or before is yielded as well.
func (h *Heap[T]) PopDue(now time.Time) iter.Seq[T] {
	return func(yield func(T) bool) {
		for len(h.timers) > 0 && !h.timers[0].due.After(now) {
			if !yield(heap.Pop(&h.timers).(*Timer[T]).Value) {
				return
			}
		}
	}
}
