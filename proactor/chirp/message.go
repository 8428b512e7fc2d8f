package chirp

import (
	"encoding/binary"
	"slices"
)

// Message is one message on the wire. The zero value is an empty message
// without an identity.
type Message struct {
	// Identity names the message. Its answer has the same identity.
	Identity ID
	// Serial is set in a received message. It is ignored in a message to be
	// sent, because the writer numbers what it writes.
	Serial uint32
	// Type is what the message asks for.
	Type Type
	// Header is for the protocol of the layer above, at most [MaxHeader] bytes.
	Header []byte
	// Data is the content of the message.
	Data []byte

	// owned says that no other object uses the memory of Header and Data, see
	// Own.
	owned bool
}

// makeHead returns the message's head without the serial.
func (m *Message) makeHead() Head {
	return Head{Identity: m.Identity, Header: uint16(len(m.Header)), Data: uint32(len(m.Data)), Type: m.Type}
}

// checkSize reports why a message cannot be sent to a reader with that limit.
func (m *Message) checkSize(limit int) error {
	if len(m.Header) > MaxHeader {
		return &SizeError{What: "header", Size: len(m.Header), Limit: MaxHeader}
	}
	if n := len(m.Header) + len(m.Data); n > limit {
		return &SizeError{What: "message", Size: n, Limit: limit}
	}
	return m.makeHead().check(limit)
}

// wireSize returns the size of the message on the wire.
func (m *Message) wireSize() int { return HeadSize + len(m.Header) + len(m.Data) }

// appendTo appends the message in wire format to p. The serial is zero:
// numberMessages sets it when the order is known.
func (m *Message) appendTo(p []byte) []byte {
	p = append(p, m.Identity[:]...)
	p = append(p, 0, 0, 0, 0)
	p = binary.BigEndian.AppendUint32(p, uint32(len(m.Data)))
	p = binary.BigEndian.AppendUint16(p, uint16(len(m.Header)))
	p = append(p, byte(m.Type))
	p = append(p, m.Header...)
	return append(p, m.Data...)
}

// numberMessages gives the encoded messages in p their serials, beginning with
// serial, and returns the next serial. Serials are given when a batch is
// written, and not when a message joins it, because ACK and NOOP overtake other
// messages.
func numberMessages(p []byte, serial uint32) uint32 {
	for len(p) > 0 {
		binary.BigEndian.PutUint32(p[atSerial:], serial)
		serial++
		p = p[HeadSize+parseHead(p).Size():]
	}
	return serial
}

// Own makes the message safe to keep after the callback of [Conn.Serve]
// returns. It copies Header and Data if they are in the connection's read
// buffer.
func (m *Message) Own() {
	if m.owned {
		return
	}
	both := make([]byte, len(m.Header)+len(m.Data))
	n := copy(both, m.Header)
	copy(both[n:], m.Data)
	m.Header, m.Data, m.owned = slices.Clip(both[:n]), both[n:], true
}
