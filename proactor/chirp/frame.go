package chirp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"initiator/internal/bounds"
)

// Sizes on the wire of libchirp 1.2. All integers on the wire are big endian.
const (
	// HandshakeSize is a u16 public port and 16 bytes of node identity.
	HandshakeSize = 18
	// HeadSize is 16 bytes of identity, u32 serial, u32 data length, u16 header
	// length and u8 type.
	HeadSize = 27
	// MaxMessage is libchirp's MAX_MSG_SIZE: the largest sum of header and data
	// in bytes. A larger message ends the connection.
	MaxMessage = bounds.ChirpMessage
	// MaxHeader is the largest header in bytes. Its length has 16 bits.
	MaxHeader = 1<<16 - 1
	// DefaultPort is the port of a libchirp node that configures none.
	DefaultPort = 2998
)

// ID is the identity of a message or of a node: 16 bytes. It is random unless
// it has a meaning, such as a task's id or the hash of a token.
type ID [16]byte

// NewID returns a random identity.
func NewID() ID {
	var id ID
	rand.Read(id[:]) // never fails, see crypto/rand
	return id
}

// TokenID returns the identity that proves knowledge of a session token without
// revealing it: the first 16 bytes of the token's SHA-256. Both handshakes of a
// stream between initiator and worker carry it.
func TokenID(token string) ID {
	sum := sha256.Sum256([]byte(token))
	return ID(sum[:16])
}

// String returns the identity in hexadecimal.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether the identity is not set.
func (id ID) IsZero() bool { return id == ID{} }

// Type is the last byte of a message's head, a set of bits. Zero asks for
// nothing.
type Type uint8

const (
	// ReqAck asks the receiver for an acknowledgement once it has released the
	// slot.
	ReqAck Type = 1 << iota
	// Ack acknowledges the message with the same identity.
	Ack
	// Noop shows only that the connection works.
	Noop

	control = Ack | Noop
)

// Handshake is what each side sends as soon as the connection exists.
type Handshake struct {
	// Port is the port at which the sender listens; 0 = it does not listen.
	Port uint16
	// Node distinguishes one run of a node from the next.
	Node ID
}

// Bytes returns the handshake as it goes over the wire. Write it with a single
// write: the C reader wants all of it in one read.
func (h Handshake) Bytes() []byte {
	p := make([]byte, 0, HandshakeSize)
	p = binary.BigEndian.AppendUint16(p, h.Port)
	return append(p, h.Node[:]...)
}

// parseHandshake reads the first HandshakeSize bytes of p.
func parseHandshake(p []byte) Handshake {
	return Handshake{Port: binary.BigEndian.Uint16(p), Node: ID(p[2:HandshakeSize])}
}

// Head precedes every message on the wire.
type Head struct {
	Identity ID
	Serial   uint32 // rises by one with every message written, also with ACK and NOOP
	Data     uint32 // length of the data in bytes
	Header   uint16 // length of the header in bytes
	Type     Type
}

// Offsets of the fields in a head.
const (
	atSerial = 16
	atData   = 20
	atHeader = 24
	atType   = 26
)

// parseHead reads the first HeadSize bytes of p. It does not check them.
func parseHead(p []byte) Head {
	_ = p[HeadSize-1]
	return Head{
		Identity: ID(p[:atSerial]),
		Serial:   binary.BigEndian.Uint32(p[atSerial:]),
		Data:     binary.BigEndian.Uint32(p[atData:]),
		Header:   binary.BigEndian.Uint16(p[atHeader:]),
		Type:     Type(p[atType]),
	}
}

// Size returns the number of bytes that follow the head: header, then data.
func (h Head) Size() int64 { return int64(h.Header) + int64(h.Data) }

// check returns an error unless libchirp's wire allows the head when header and
// data may have limit bytes. The error is a *[ProtocolError]. The caller must
// close the connection, because nothing after the head can be trusted.
func (h Head) check(limit int) error {
	switch {
	case h.Type&^(ReqAck|control) != 0:
		return &ProtocolError{UnknownType, h}
	case h.Type&control == control:
		return &ProtocolError{AckAndNoop, h}
	case h.Type&control != 0 && h.Type&ReqAck != 0:
		return &ProtocolError{ControlAsksAck, h}
	case h.Type&control != 0 && h.Size() != 0:
		return &ProtocolError{ControlWithBody, h}
	case h.Size() > int64(limit):
		return &ProtocolError{TooLarge, h}
	}
	return nil
}
