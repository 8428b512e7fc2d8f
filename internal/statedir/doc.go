// Package statedir reads and writes the directory that belongs to one running
// initiator: its lock, the API's token, and its small state files. The tasks in
// the same directory belong to package queue, the log files to the keeper.
//
// Open takes the directory's lock; a Dir writes. The functions that only read
// take a path, because other programs use them too: `status` after a crash, and
// the program that is about to replace this one in an upgrade. The format of
// every file is in docs/state-directory.md.
//
// A file that cannot be used is a *FormatError. A start renames such a file
// (SetAside) and says what is lost, unless a newer program has written it.
package statedir

// Files:
//
//	dir.go               Dir: the open directory, and whether it is still at its path
//	private.go           the directory that no other user can change
//	entries.go           files that another user may have planted
//	lock.go              the lock, and the initiator that holds it
//	token.go             the API's token
//	small_files.go       how small files are read, replaced and restored
//	restoring.go         which files a backup has, and the mark of an unfinished restore
//	search_permission.go AllowSearch: users of the socket go through the directory
//	format.go            the header of each small file, and FormatError
//	checksum.go          the checksum of each small file
//	damaged_tasks.go     damaged.json: damage of the task files
//	api_address_file.go  home.json: where workers expect the next initiator
//	snapshot_*.go        kept/: snapshots of workers that outlive the initiator
//	paused_pools.go      paused.json: pools that do not hand out tasks
//	schedule_ticks.go    schedules.json: the last tick of each schedule
//	last_known_state.go  workers.json: what the last initiator knew of its workers
//	last_known_writer.go … and how it is written
