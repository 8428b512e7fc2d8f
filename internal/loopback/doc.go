// Package loopback decides what stays on this machine: which addresses only
// programs on this machine can reach, and which HTTP requests a web page in a
// browser on this machine has sent.
//
// Every listener without TLS uses IsHost before it listens. The initiator's API
// uses IsForeign, and a worker's direct listener without a token uses
// IsFromWebPage, before they look at anything else in a request.
package loopback

// Files:
//
//	host.go     IsHost: an address or a name is on loopback
//	request.go  IsForeign and IsFromWebPage: the headers Host and Origin
