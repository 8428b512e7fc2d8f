// Package store keeps records in append-only files, called segments.
//
// A record is a sequence of bytes; the store gives it no meaning. A Place says
// where a record stands. One goroutine uses a Store: it collects records into a
// batch (AddRecord), sends the batch to the disk (WriteBatch), and asks for the
// result (BatchResult). Open hands out every record that counts.
//
// The guarantees hold for a kill and for a loss of power at any moment: Open
// reads a batch whose BatchResult reported no error. Open does not read a batch
// whose BatchResult reported an error. RemoveSegment may be called only when
// every wanted record of the segment has been written again. With an interval
// between syncs, or without syncs, a loss of power costs the newest batches.
//
// Why this is not an embedded database: behind one committing goroutine, with
// three synced commits a task, bbolt and SQLite reach a fifth to a quarter of
// the rate of one file with one fdatasync a batch, measured with 64 clients and
// more, and before a queue does any work (BENCHMARKS.md, bench/store). An
// interval between syncs must cost that interval at a loss of power, not the
// file; bbolt has to sync every commit for that. A queue needs little of a
// database: its index is in memory, and it reads a record by its place.
package store

// Files, in the order in which a record travels:
//
//	store.go            Store: collects a batch, writes it, reports its result
//	sync.go             Sync: when to sync; syncs at an interval
//	segment.go          segment: one file, and space allocated ahead
//	record.go           the layout of records and of the marks between batches
//	dir.go              Dir and File: the disk
//	os.go               OpenDir and OS: the operating system's disk
//	count_links_linux.go  the number of links of an open file, without its times
//	count_links_other.go  the same on other systems
//	check.go            CheckFiles: the files and the directory are still in place
//	sync_data_linux.go  syncData: fdatasync
//	sync_data_other.go  syncData where there is no fdatasync
//	header.go           the header of a segment, and what else it may be
//	recover.go          Open: reads every record, repairs damage, cuts a torn end
//	inventory.go        what a start finds in a directory
//	chain.go            which segments count, as their headers name each other
//	scan.go             reads a segment across damaged bytes
//	resync.go           finds the next good record behind damaged bytes
//	shift_sum.go        the checksum of a part of a file
//	damage.go           Damage, and what tells it from a torn end
//	known_end.go        tasks.end: an end that the newest segment had reached
//	repair.go           copies damaged bytes and puts gaps in their place
//	inspect.go          Check: reads a store and changes nothing
//	disk_error.go       which errors of a read are damage
//	record_reader.go    Record: a record that is read in parts
//	compact.go          SegmentWalk: reads the oldest segment before its removal
//	snapshot.go         SegmentCopy: the segments as of one batch, for a backup
//	errors.go           VersionError and DamageError
