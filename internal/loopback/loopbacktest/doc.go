// Package loopbacktest sends a listener the requests that a web page in a
// browser on this machine can cause, and requests of programs beside them. It also
// finds ports for tests.
package loopbacktest

// Files:
//
//	free_port.go  FreePort: a port that no other test gets by chance
//	requests.go   Listener: the requests, and which of them must be refused
