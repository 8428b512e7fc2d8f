// Package output shows the output of workers that is not kept in a log file: on
// the initiator's own output, byte for byte, and in its log.
//
// Nothing here waits for a reader, because the lines come from the supervisor's
// loop.
package output

// The files, in the order in which a line passes them:
//
//	relay.go   lines of all workers: to stdout, to stderr, or to the log
//	prefix.go  the name of the worker before its lines
//	fold.go    lines to records: the trace of a panic becomes one record
//	queue.go   a writer that never blocks, and counts what it drops
//	lost.go    text that the writer behind a queue refuses
