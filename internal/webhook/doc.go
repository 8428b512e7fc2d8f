// Package webhook speaks the webhooks of the worker contract
// (docs/worker-contract.md, section 2). It asks a peer with [Client], and
// helps a server to check a request's headers ([HeaderCheck]), to read its body
// ([ReadBody], [DecodeBody]) and to answer it ([Code.WriteAnswer]). The
// initiator, the package worker and the package ding use it.
package webhook

// The files, in the order in which a request travels:
//
//	bodies.go  the data in requests and answers
//	client.go  Client sends a request and reads its answer
//	append.go  writes the bodies that carry a payload, without encoding/json
//	header.go  HeaderCheck judges the headers Channel and Token
//	token.go   makes, compares and proves tokens
//	peek.go    reads the beginning of a body, to refuse the rest unread
//	reserve.go reserves memory for a body before it is read
//	body.go    reads a request's body within a limit, and decodes it
//	parse.go   reads the bodies of tasks without encoding/json
//	code.go    every code with its HTTP status and message
//	answer.go  writes the envelope of an answer
