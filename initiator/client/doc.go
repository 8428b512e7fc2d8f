// Package client speaks to a running initiator over its unix socket. The
// socket's permissions say who may, so no token is needed.
//
//	client.go   one request and its answer; faults of both ends as errors
//	dial.go     the socket, also at the end of a long path
//	tasks.go    submit, get, wait, list, cancel, retry
//	batch.go    … submit of many
//	elsewhere.go  … export, import
//	stream.go   many under way on one connection: opened, opened again, closed
//	stream_ask.go     … what is asked on it
//	stream_future.go  … and what becomes of that
//	call.go     submit and wait, over a stream where there is one
//	task_events.go  … watch
//	workers.go  list, launch, start, stop, restart; status and shutdown
//	events.go   what happened, as it happens
//	logs.go     what a worker wrote
//
// The files bear the names of those of package api that answer them.
package client
