// Package queue keeps tasks from the submit to the end of their retention.
//
// NewMemory makes a queue without files, Open a queue that is stored in a state
// directory (docs/state-directory.md). NewTask makes the task of a request.
//
// One goroutine uses a Queue, the dispatcher's goroutine. A change is visible to
// the next method at once. The change is durable when Commit reports success;
// answers to other goroutines and programs wait for that report. Commit does not
// block: while a batch is being synced, the next batch grows. Hundreds of
// concurrent submits share a sync, and a single submit pays for a whole sync.
package queue

// Files, in the order in which a task travels:
//
//	new_task.go   NewTask: checks a request and makes the queued task
//	queue.go      Queue, the interface that the dispatcher uses
//	engine.go     Engine, the Queue: every change of a task
//	lease.go      Lease, the right to end an attempt
//	entry.go      entry: the fields of a task that the index keeps
//	index.go      which task is next: priorities, order, delays
//	relations.go  unique keys, parents and children, pending callbacks
//	decision.go   DecideRetry: the state after an attempt, with its reason
//	suspects.go   which tasks may have ended their worker, and wait apart
//	event.go      EventOf: describes a task for its subscribers
//	retention.go  deadlines, and how long finished tasks are kept
//	finished.go   the finished tasks of a pool, and which of them are dropped
//	list.go       finds a page of tasks among millions, and counts tasks
//	cursor.go     cursor: where the next page begins
//	task_reader.go   TaskReader: a task for another goroutine, which writes it as JSON
//	payload.go    the data or the result of a task, in memory or on the disk
//
// The files of a queue that is stored:
//
//	commit.go       Commit: writes one batch while the next is collected
//	record.go       the layout of a record
//	record_tags.go  optional fields, and the optional fields of version 1
//	record_read.go  reads a record
//	disk.go         the records in memory, and the errors of the disk
//	compact.go      writes wanted tasks again, so that old files can be removed
//	open.go         Open: reads every task
//	snapshot.go     Snapshot: the files as of one commit, for a backup
//	damage.go       Damage: what Open could not read
//	export.go       writes every task as a line of JSON
//	import.go       reads these lines
