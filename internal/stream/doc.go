// Package stream defines the messages on a stream: between initiator and
// worker, and between initiator and client. Both ends of a stream use this
// package, so that they cannot differ. docs/stream.md describes the protocol
// for programs in other languages.
//
// A message is a libchirp message of package chirp. A task's message has the
// task's id as identity, a small JSON object as header ([WorkerHeader],
// [RequestHeader], [ReplyHeader]) and the payload as data. Its answer has the
// same identity. This package never looks into payloads.
//
// [RequestUpgrade] and [AcceptUpgrade] turn an HTTP connection into a stream.
package stream

// Files:
//
//	upgrade.go              GET /stream, for both ends
//	worker_header.go        WorkerHeader, between initiator and worker
//	worker_header_parse.go  how headers are parsed, by hand and by encoding/json
//	request_header.go       RequestHeader, from a client
//	reply_header.go         ReplyHeader, to a client
