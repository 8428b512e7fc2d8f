package chirp

import (
	"errors"
	"fmt"
)

// Fault is one way to break the protocol. It is an error: use errors.Is(err,
// chirp.TooLarge).
type Fault uint8

// The ways to break the protocol. Each ends the connection.
const (
	// UnknownType means that the type has bits that libchirp 1.2 does not know.
	UnknownType Fault = iota + 1
	// AckAndNoop means that the type is an acknowledgement and a probe at once.
	AckAndNoop
	// ControlAsksAck means that an ACK or a NOOP asks to be acknowledged.
	ControlAsksAck
	// ControlWithBody means that an ACK or a NOOP carries a header or data.
	ControlWithBody
	// TooLarge means that header and data together exceed the limit.
	TooLarge
	// UnexpectedAck means that no message with that identity waits for an
	// acknowledgement.
	UnexpectedAck
	// ShortHandshake means that the remote end closed the stream inside its
	// handshake.
	ShortHandshake
)

var faults = [...]string{
	UnknownType:     "type has unknown bits",
	AckAndNoop:      "message is ACK and NOOP at once",
	ControlAsksAck:  "ACK or NOOP asks for an ACK",
	ControlWithBody: "ACK or NOOP carries header or data",
	TooLarge:        "message is over the size limit",
	UnexpectedAck:   "ACK for a message that waits for none",
	ShortHandshake:  "handshake is cut short",
}

// Error returns the fault in words.
func (f Fault) Error() string {
	if int(f) < len(faults) && faults[f] != "" {
		return faults[f]
	}
	return fmt.Sprintf("fault %d", uint8(f))
}

// ProtocolError says that the remote end broke the protocol. The connection is
// closed when it is returned.
type ProtocolError struct {
	Fault Fault
	Head  Head // of the faulty message; zero for a handshake
}

// Error returns the fault and the numbers of the head.
func (e *ProtocolError) Error() string {
	if e.Fault == ShortHandshake {
		return "read handshake: " + e.Fault.Error()
	}
	h := e.Head
	return fmt.Sprintf("read message %s: %v (type %d, header %d, data %d)", h.Identity, e.Fault, h.Type, h.Header, h.Data)
}

// Unwrap returns the Fault.
func (e *ProtocolError) Unwrap() error { return e.Fault }

// SizeError says that a message to be sent is larger than the wire allows.
// Nothing was sent, and the connection still works.
type SizeError struct {
	What        string // "header" or "message"
	Size, Limit int    // bytes
}

// Error says what is too large and by how much.
func (e *SizeError) Error() string {
	return fmt.Sprintf("send message: %s has %d bytes, at most %d fit: send it in parts or by another way", e.What, e.Size, e.Limit)
}

var (
	// ErrClosed says that this side has closed the connection.
	ErrClosed = errors.New("connection is closed")
	// ErrBacklog says that more bytes wait to be written than the limit allows,
	// because the remote end does not read. The message was not queued.
	ErrBacklog = errors.New("send message: too much waits to be written, the other side does not read")
)
