// Package chirp speaks the wire of libchirp 1.2. The files, in the order that a
// message takes:
//
//	message.go  Message: what is said; its bytes; numbering a batch
//	frame.go    handshake and head, and what of them is allowed
//	errors.go   every way to break the protocol, and what else can go wrong
//	writer.go   Writer: all that is ready by one write, ACK and NOOP first
//	reader.go   Reader: messages off a stream, memory only for what arrived
//	conn.go     Conn: the stream between initiator and worker: both of them, with
//	            handshake and end
package chirp
