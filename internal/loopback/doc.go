// Package loopback decides what stays on this machine: which addresses only
// programs on this machine can reach, and which HTTP requests a web page in a
// browser on this machine has sent.
//
// Every listener without TLS uses IsHost before it listens. Every listener
// checks Origin and Host before it looks at anything else in a request:
//
//   - A worker and a ding master refuse every request with an Origin.
//   - The initiator's API refuses every Origin but its own.
//   - A listener on loopback refuses a Host that is not on loopback: the API on
//     every path, a worker on the paths on which it asks for no token.
//   - The paths of the API that need its token demand the Host of the
//     connection, also beyond loopback.
package loopback

// Files:
//
//	host.go     IsHost, IsListener: an address or a listener is on loopback
//	request.go  the headers Host and Origin of a request
