// Package output shows what workers write, where it is not kept in a file: on
// the initiator's own output and in its log.
//
//	classify.go  a line: plain text, or hclog's JSON with a level of its own
//	fold.go      lines: a panic's trace becomes one record
//	relay.go     records: to stdout, to stderr, or to the log
//	queue.go     a writer that waits for nobody, and counts what it drops
//
// The first two are pure. Nothing here ever waits for a reader, because the
// lines come from the supervisor's loop.
package output
