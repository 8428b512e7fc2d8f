// Package chirp speaks the wire of libchirp 1.2, in two ways. A [Conn] carries
// messages over one stream that somebody else has connected: between initiator
// and worker, where credits and heartbeats belong to whoever uses it. A [Peer]
// is a libchirp node, with all that libchirp.pool offers: it listens, connects,
// acknowledges, times out, and runs handlers.
//
// What both stand on, in the order that a message takes:
//
//	message.go   Message: what is said; its bytes; numbering a batch
//	frame.go     handshake and head, and what of them is allowed
//	errors.go    every way to break the protocol, and what else can go wrong
//	writer.go    Writer: all that is ready by one write, ACK and NOOP first
//	reader.go    Reader: messages off a stream, memory only for what arrived
//
// The stream:
//
//	conn.go      Conn: Hello, Serve, Send, Close
//
// The node, in the order that a letter takes there and its answer back:
//
//	config.go    Config: the settings, their defaults and limits
//	peer.go      Peer: Send, Request, Submit
//	future.go    Future, Request: what becomes of a letter
//	remote.go    the queue for one node, and what a broken write leaves of it
//	connect.go   Listen, dialing, handshakes; which connection is written to
//	tls.go       one PEM file, mutual TLS 1.3
//	link.go      one connection: writing, the time for an ACK, the end
//	receive.go   one connection: reading, slots, ACKs, who gets a message
//	pool.go      the handlers; Map
//	letter.go    Letter: a message with an address; slots and Release
//	idle.go      when a connection is probed, and when it is dropped
//	shutdown.go  Shutdown, and what a node that was restarted costs
//
// A Peer's state has one lock, Peer.mu; "the lock is held" in a comment means
// it. Nothing that can wait happens under it. Its goroutines are: one that
// drops idle connections, one for each listener, one for each node being
// connected to, two for each connection (link.read, link.write), and as many
// handlers as there is work for, up to Config.Handlers.
package chirp
