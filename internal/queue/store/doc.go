// Package store keeps records in files that are only ever appended to.
//
// It knows nothing of tasks: a record is bytes, and a Place says where they
// are. What it writes travels through these files:
//
//	store.go    Add, Flush, Ended: one batch at a time, synced by one goroutine
//	segment.go  one file: its header, and room that is written ahead
//	record.go   how records and the marks between batches look in a file
//	recover.go  Open: reading everything back, and telling a torn end from damage
//	compact.go  walking through the oldest file, so that it can be removed
//	fault.go    what is said of a newer file, and of a damaged one
//	sync.go     when to sync: always, at an interval, never
//	dir.go      what is needed of a directory; a test may put another one there
//
// Why not an embedded database: measured behind one committing goroutine with
// three synced commits a task, bbolt and SQLite reach a fifth to a quarter of
// what one file and one fdatasync a batch can do from 64 clients on, before a
// queue has done anything (BENCHMARKS.md, bench/store). And an interval between
// syncs must lose that interval with the power, not the file: for that, bbolt
// has to sync every commit. A queue asks for little of a database: its index is
// in memory, and records are read by their place.
//
// What holds, whatever happens at whatever moment: a batch that Ended without
// an error is read back by Open; one that failed is not; and a file is removed
// only when everything in it that is still wanted has been written again.
package store
