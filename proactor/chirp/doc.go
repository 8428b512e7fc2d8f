// Package chirp speaks the wire protocol of libchirp 1.2, in two ways.
//
// A [Conn] carries messages over one stream that the caller has connected. The
// initiator and its workers use it; the layer above has its own credits and
// heartbeats.
//
// A [Peer] is a libchirp node with the features of libchirp.pool. It listens,
// connects, acknowledges, applies timeouts and runs handlers. Programs that use
// the C library, or Python's libchirp.pool, can exchange messages with it.
package chirp

// Files. Both ways use, in the order in which a message travels:
//
//	message.go   Message: its bytes, and the serials of a batch
//	frame.go     Handshake and Head, and what the wire allows
//	errors.go    the ways to break the protocol, and other errors
//	writer.go    frameWriter: one write for all that is ready, ACK and NOOP first
//	reader.go    frameReader: memory only for bytes that have arrived
//
// The stream:
//
//	conn.go      Conn: ExchangeHandshakes, Serve, Send, Close
//
// The node, in the order in which a message and its answer travel:
//
//	config.go        Config: settings, defaults and limits
//	peer.go          Peer: Send, Request, Submit
//	peer_message.go  PeerMessage: a message with an address; its slot and Release
//	future.go        Future, Request: the outcome of a message
//	remote.go        the queue of messages for one node
//	connect.go       Listen, dialing, handshakes; the link that is written to
//	accept.go        accepting, and which connection is closed when there are too many
//	tls.go           one PEM file, mutual TLS 1.3
//	link.go          one connection: writing, the timeout of an ACK, the end
//	receive.go       one connection: reading, slots, ACKs, delivery
//	pool.go          the handler goroutines; Map
//	idle.go          probing and closing idle connections
//	shutdown.go      Shutdown, and nodes that were restarted
//
// One lock, Peer.mu, guards the state of a Peer; "the caller holds the lock" in
// a comment means this lock. No code waits while it holds the lock. The
// goroutines of a Peer are: one that closes idle connections, one for each
// listener, one for each node that is being connected to, two for each
// connection (link.readMessages, link.runWriter), and handlers for the waiting
// work, up to Config.Handlers.
