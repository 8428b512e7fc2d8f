// Package task holds what a unit of work is, and where it waits.
//
// A task travels through these files:
//
//	request.go  what a caller may ask for, checked before anything is kept
//	task.go     the record: states, attempts, leases
//	queue.go    the Queue interface that dispatch works against
//	index.go    which task is next: priorities, first in first out, delays
//	memory.go   the engine that keeps everything in memory
//	outcome.go  what follows from the end of an attempt; pure, with its reason
//
// A Queue is used by one goroutine, the dispatcher's. Changes become visible at
// once and lasting with Commit; what others are told waits for Commit.
package task
