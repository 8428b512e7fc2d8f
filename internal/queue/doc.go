// Package queue holds what a unit of work is, and where it waits.
//
// A task travels through these files:
//
//	request.go    what a caller may ask for, checked before anything is kept
//	id.go         a name for it
//	task.go       the record: states, attempts, leases
//	news.go       … and what there is to tell of it
//	queue.go      the Queue interface that dispatch works against
//	engine.go     the Queue: what happens to a task, from Submit to its end
//	entry.go      what the index keeps of it, which is little
//	index.go      which task is next: priorities, first in first out, delays
//	bonds.go      unique keys, parents and children, callbacks that are due
//	outcome.go    what follows from the end of an attempt; pure, with its reason
//	retention.go  deadlines, and how long finished tasks are kept
//	list.go       finding some among millions
//
// and its record through these, where the queue is stored:
//
//	commit.go     one batch on its way while the next one is collected
//	record.go     how a record looks
//	more.go       … and what most records have nothing of
//	disk.go       which records are in memory as well, and a disk that fails
//	compact.go    giving the room of old records back
//	open.go       reading everything back
//	export.go     taking everything elsewhere
//	arrive.go     … and in, from elsewhere
//	store/        the files
//
// A Queue is used by one goroutine, the dispatcher's. Changes become visible at
// once and lasting with Commit; what others are told waits for that. Commit
// does not wait: while one batch is being synced, the next one grows, so that
// hundreds who submit at once share a sync, and one who submits alone pays for
// one.
package queue
