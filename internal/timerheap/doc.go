// Package timerheap orders values by the time at which each of them is due.
//
// A goroutine that owns many deadlines keeps them in one [Heap] and sets one
// timer of the runtime to [Heap.NextDue]. When that timer fires, the goroutine
// ranges over [Heap.PopDue]. A [Timer] lives inside the value that it belongs
// to, and leaves the heap with that value: a deadline of an hour does not keep
// the memory of a task that ended after a second.
package timerheap

// Files:
//
//	heap.go   Heap, Timer: Set, Remove, NextDue, PopDue
//	order.go  the order of the timers, as container/heap needs it
