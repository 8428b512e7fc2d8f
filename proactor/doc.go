// Package proactor holds what both ends of the wire know, the initiator and a
// worker: how an INI document is read and written, and how a webhook looks.
// It decides nothing.
//
// The INI, in the order its bytes take:
//
//	config_read.go  ReadConfig: a stream, with a limit on its time and size
//	ini_lines.go    bytes to lines; what is no text is a fault
//	ini_scan.go     lines to headers, keys and continuations, as Python does
//	ini_text.go     white space and lower case, as Python has them
//	ini_goini.go    the only file that knows github.com/go-ini/ini
//	ini.go          Parse, Config: sections, keys, [DEFAULT] inherited
//	ini_merge.go    several documents as one
//	ini_resolve.go  ${key}, ${section:key}, $$, with loops and depth caught
//	ini_nearest.go  "did you mean"
//	fault.go        Fault, Faults: what is wrong, where, and what would be right
//	emit.go         Emit: the document that a worker is given on stdin
//
// The webhooks, in the order a request takes:
//
//	quick.go        what comes with every task, read by hand
//	client.go       asking
//	wire.go         the bodies of requests and answers
//	checks.go       what the side that is asked looks at first, in its order
//	token.go        secrets and their comparison
//	body.go         reading a body, with a limit on it
//	envelope.go     the frame of every answer
//	codes.go        every code, its HTTP status and its words
package proactor
