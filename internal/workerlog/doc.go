// Package workerlog finds and reads the output of workers: the lines in their log
// files for the API, the last lines of a process that has died, and the trace of
// a Go panic in a log. How a rotated file is read is in package logs.
package workerlog

// Files:
//
//	reader.go       Reader: the lines of workers, and of the initiator itself
//	sources.go      which files hold the output of a worker
//	last_output.go  the last lines of a process that should not have ended
//	panic_search.go PanicSearch: the trace of a panic after a death
