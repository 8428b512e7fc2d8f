// Package stream is what initiator and worker say to each other in libchirp
// messages, and initiator and client, on top of package chirp: both ends use
// it, so that neither can drift away from the other.
//
//	header.go   Header: what a message is about, and how it is written
//	parse.go    how it is read: by hand for what we write, else by encoding/json
//	question.go  Question: what a client asks of the initiator
//	reply.go     Reply: what it is answered
//	upgrade.go  GET /stream: from an HTTP connection to a stream, on both ends
//
// A task is a message with the task's id as identity and its data as data; its
// answer bears the same identity. Payloads are never looked into here.
package stream
