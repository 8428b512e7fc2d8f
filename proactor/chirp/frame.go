package chirp

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// Sizes of libchirp 1.2's wire. All integers on it are big endian.
const (
	// HandshakeSize is u16 public port, 16 bytes of node identity.
	HandshakeSize = 18
	// HeadSize is 16 bytes of identity, u32 serial, u32 data length, u16
	// header length, u8 type.
	HeadSize = 27
	// MaxMessage is libchirp's MAX_MSG_SIZE: the most bytes that header and
	// data may have together. More ends the connection.
	MaxMessage = 100 << 20
	// MaxHeader is what the 16 bits of the header's length can say.
	MaxHeader = 1<<16 - 1
	// DefaultPort is where a libchirp node listens unless it is told otherwise.
	DefaultPort = 2998
)

// ID is the identity of a message or of a node: 16 bytes, random unless
// somebody gave them a meaning (a task's id, the hash of a token).
type ID [16]byte

// NewID draws a random identity.
func NewID() ID {
	var id ID
	rand.Read(id[:]) // never fails, see crypto/rand
	return id
}

// TokenID is the identity that proves a session's token without telling it: the
// first 16 bytes of its SHA-256. A worker's handshake bears it on a stream.
func TokenID(token string) ID {
	sum := sha256.Sum256([]byte(token))
	return ID(sum[:16])
}

// String is the identity in hexadecimal.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// IsZero says that nobody has set the identity.
func (id ID) IsZero() bool { return id == ID{} }

// Type is the last byte of a message's head, a set of bits. Zero is a message
// that asks for nothing.
type Type uint8

const (
	// ReqAck asks the receiver to acknowledge when it has released the slot.
	ReqAck Type = 1 << iota
	// Ack acknowledges the message whose identity it bears.
	Ack
	// Noop says only that the connection stands.
	Noop

	control = Ack | Noop
)

// Handshake is what both sides say as soon as the connection stands.
type Handshake struct {
	// Port is where the speaker listens; 0 when it does not.
	Port uint16
	// Node tells one life of a node from the next.
	Node ID
}

// Bytes is the handshake as it goes on the wire, to be written by one write:
// the C reader wants all of it in one read.
func (h Handshake) Bytes() []byte {
	p := make([]byte, 0, HandshakeSize)
	p = binary.BigEndian.AppendUint16(p, h.Port)
	return append(p, h.Node[:]...)
}

// parseHandshake reads the HandshakeSize bytes of p.
func parseHandshake(p []byte) Handshake {
	return Handshake{Port: binary.BigEndian.Uint16(p), Node: ID(p[2:HandshakeSize])}
}

// Head is what stands before every message.
type Head struct {
	Identity ID
	Serial   uint32 // rises by one for every message written, ACK and NOOP too
	Data     uint32 // length of the data
	Header   uint16 // length of the header
	Type     Type
}

// Where the fields of a head begin.
const (
	atSerial = 16
	atData   = 20
	atHeader = 24
	atType   = 26
)

// parseHead reads the HeadSize bytes of p; it judges nothing, see [Head.Check].
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

// Size is the number of bytes that follow the head: header, then data.
func (h Head) Size() int64 { return int64(h.Header) + int64(h.Data) }

// check says whether the head is one that libchirp's wire allows when header
// and data may have limit bytes. The error is a *[ProtocolError]; whoever gets
// it closes the connection, since nothing after it can be trusted.
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
