package chirp

import (
	"encoding/binary"
	"slices"
)

// Message is one message of the wire. The zero value is an empty message
// without identity.
type Message struct {
	// Identity names the message; its answer bears the same one.
	Identity ID
	// Serial is set for a received message and ignored for one to be sent:
	// the writer numbers what it writes.
	Serial uint32
	// Type is what the message asks for.
	Type Type
	// Header is for the protocol above this one, at most [MaxHeader] bytes.
	Header []byte
	// Data is the message itself.
	Data []byte

	// owned: Header and Data are nobody else's memory, see Own.
	owned bool
}

// makeHead is the message's head, without serial.
func (m *Message) makeHead() Head {
	return Head{Identity: m.Identity, Header: uint16(len(m.Header)), Data: uint32(len(m.Data)), Type: m.Type}
}

// checkSize says whether the message can be told to a reader whose limit is limit.
func (m *Message) checkSize(limit int) error {
	if len(m.Header) > MaxHeader {
		return &SizeError{What: "header", Size: len(m.Header), Limit: MaxHeader}
	}
	if n := len(m.Header) + len(m.Data); n > limit {
		return &SizeError{What: "message", Size: n, Limit: limit}
	}
	return m.makeHead().check(limit)
}

// wireSize is what the message takes on the wire.
func (m *Message) wireSize() int { return HeadSize + len(m.Header) + len(m.Data) }

// appendTo puts the message as it goes on the wire behind p. The serial is zero:
// only who writes knows the order, see number.
func (m *Message) appendTo(p []byte) []byte {
	p = append(p, m.Identity[:]...)
	p = append(p, 0, 0, 0, 0)
	p = binary.BigEndian.AppendUint32(p, uint32(len(m.Data)))
	p = binary.BigEndian.AppendUint16(p, uint16(len(m.Header)))
	p = append(p, byte(m.Type))
	p = append(p, m.Header...)
	return append(p, m.Data...)
}

// numberMessages gives the messages that stand in p, one behind the other, the serials
// from serial on, and returns the next one. Serials are given when a batch is
// written and not when a message joins it, because ACK and NOOP overtake.
func numberMessages(p []byte, serial uint32) uint32 {
	for len(p) > 0 {
		binary.BigEndian.PutUint32(p[atSerial:], serial)
		serial++
		p = p[HeadSize+parseHead(p).Size():]
	}
	return serial
}

// Own makes the message safe to keep: what [Reader.Next] returned in the
// reader's buffer is copied, anything else stays where it is.
func (m *Message) Own() {
	if m.owned {
		return
	}
	both := make([]byte, len(m.Header)+len(m.Data))
	n := copy(both, m.Header)
	copy(both[n:], m.Data)
	m.Header, m.Data, m.owned = slices.Clip(both[:n]), both[n:], true
}
