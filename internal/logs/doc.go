// Package logs reads the log files that the keeper writes: lines with a time
// before each, in a file that is rotated to .1, .2 and so on. [Read] merges
// several logs in the order of time, and can follow them. The keeper rotates
// with [Rotate] and opens with [OpenAppend].
//
// The package knows nothing of workers: a caller numbers its sources.
package logs

// The files, in the order in which lines travel:
//
//	access.go        OpenAppend, for the writers: permissions and owner of a new log
//	rotate.go        Rotate, for the writers
//	end.go           EndsInLine, for the writers
//	timestamp.go     the time before a line
//	growing_file.go  a file that another process writes and rotates
//	tail.go          the last lines of a file
//	reader.go        Source: one log with its rotated files, line by line
//	read.go          Read: several logs in the order of time, and following
