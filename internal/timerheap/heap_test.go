package timerheap_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"initiator/internal/timerheap"
)

var epoch = time.Unix(1, 0)

// TestPopDueYieldsExactlyTheDueValuesInOrder compares a heap with a map after
// any sequence of Set and Remove.
func TestPopDueYieldsExactlyTheDueValuesInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var heap timerheap.Heap[int]
		timers := make([]timerheap.Timer[int], 8)
		want := map[int]int{} // value → when it is due
		for n := range timers {
			timers[n].Value = n
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			n := rapid.IntRange(0, len(timers)-1).Draw(t, "timer")
			switch at := rapid.IntRange(-1, 20).Draw(t, "at"); {
			case at < 0:
				heap.Remove(&timers[n])
				delete(want, n)
			case at == 0:
				heap.Set(&timers[n], time.Time{})
				delete(want, n)
			default:
				heap.Set(&timers[n], epoch.Add(time.Duration(at)))
				want[n] = at
			}
			checkState(t, &heap, timers, want)
		}
		last := 0
		for n := range heap.PopDue(epoch.Add(10)) {
			if want[n] < last || want[n] > 10 || !timers[n].Due().IsZero() {
				t.Fatalf("timer of %d came after %d", want[n], last)
			}
			last = want[n]
			delete(want, n)
		}
		checkState(t, &heap, timers, want)
		for _, at := range want {
			if at <= 10 {
				t.Fatalf("timer of %d was not yielded", at)
			}
		}
	})
}

func checkState(t *rapid.T, heap *timerheap.Heap[int], timers []timerheap.Timer[int], want map[int]int) {
	if heap.Len() != len(want) {
		t.Fatalf("the heap holds %d timers, want %d", heap.Len(), len(want))
	}
	var next time.Time
	for n, at := range want {
		due := epoch.Add(time.Duration(at))
		if !timers[n].Due().Equal(due) {
			t.Fatalf("timer %d is due at %s, want %s", n, timers[n].Due(), due)
		}
		if next.IsZero() || due.Before(next) {
			next = due
		}
	}
	if !heap.NextDue().Equal(next) {
		t.Fatalf("the next timer is due at %s, want %s", heap.NextDue(), next)
	}
}

func TestTheLoopOverPopDueMaySetTimers(t *testing.T) {
	t.Parallel()
	var heap timerheap.Heap[string]
	first, second, third := timerheap.Timer[string]{Value: "first"}, timerheap.Timer[string]{Value: "second"}, timerheap.Timer[string]{Value: "third"}
	heap.Set(&first, epoch)
	heap.Set(&third, epoch)
	var got []string
	for value := range heap.PopDue(epoch) {
		if got = append(got, value); value == "first" {
			heap.Set(&second, epoch)
			heap.Remove(&third)
			heap.Set(&first, epoch.Add(1)) // not due yet
		}
	}
	if !slices.Equal(got, []string{"first", "second"}) || heap.Len() != 1 {
		t.Errorf("the loop saw %v, and %d timers are left", got, heap.Len())
	}
}

func TestPopDueStopsWithItsLoop(t *testing.T) {
	t.Parallel()
	var heap timerheap.Heap[int]
	timers := []timerheap.Timer[int]{{Value: 0}, {Value: 1}}
	for n := range timers {
		heap.Set(&timers[n], epoch.Add(time.Duration(n)))
	}
	for range heap.PopDue(epoch.Add(5)) {
		break
	}
	if heap.Len() != 1 || !heap.NextDue().Equal(epoch.Add(1)) {
		t.Errorf("%d timers are left, the next one due at %s", heap.Len(), heap.NextDue())
	}
}
