// Package loopbacktest sends a listener the requests that a web page in a
// browser on this machine can cause, and requests of programs beside them.
package loopbacktest

// Files:
//
//	requests.go  Listener: the requests, and which of them must be refused
