// Package logs reads back what the keeper has written: lines with the time
// before each, in a file that is rotated to .1, .2 and so on.
//
//	rotate.go   when one is large enough, for those who write them
//	stamp.go    the time before a line
//	growing.go  a file that another process writes and rotates
//	tail.go     the last lines of a file
//	source.go   one log with its rotated predecessors, line by line
//	read.go     several logs in the order of time, and what follows
//
// It knows nothing of workers: a caller numbers its sources.
package logs
