// Package queue keeps tasks from the submit to the end of their retention.
//
// One goroutine uses a Queue: the dispatcher's. A change is visible to the next
// method at once. It is durable when Commit reports so; answers to other
// goroutines and programs wait for that report. Commit does not block: while one
// batch is being synced, the next batch grows. Hundreds of callers that submit at
// once share one sync, and a single caller pays for one sync.
package queue

// Files, in the order in which a task travels:
//
//	new_task.go   NewTask: checks a request and makes the queued task
//	event.go      EventOf: describes a task for its subscribers
//	queue.go      Queue, the interface that the dispatcher uses
//	engine.go     Engine, the Queue: every change of a task
//	lease.go      Lease, the right to end an attempt
//	entry.go      entry: the fields of a task that the index keeps
//	index.go      which task is next: priorities, order, delays
//	relations.go  unique keys, parents and children, pending callbacks
//	decision.go   DecideRetry: the state after an attempt, with its reason
//	retention.go  deadlines, and how long finished tasks are kept
//	list.go       finds a few tasks among millions
//
// The records, where the queue is stored:
//
//	commit.go       one batch is being written while the next is collected
//	record.go       the layout of a record
//	record_tags.go  its optional fields, and those of version 1
//	record_read.go  reads a record
//	disk.go         which records are in memory, and a disk that fails
//	compact.go      writes wanted tasks again, so that old files can be removed
//	open.go         Open: reads everything back
//	export.go       writes every task as a line of JSON
//	import.go       reads these lines
