package chirp

import (
	"net/netip"
	"sync/atomic"
)

// PeerMessage is a message with an address, as a [Peer] sends and receives it.
// To answer a message, replace its Data and send it: it goes back to its sender
// with the same identity. Do not change a message while it is being sent.
type PeerMessage struct {
	Message
	// Address is the destination, or the sender of a received message. Its port
	// is the port at which the other node listens. For a node that does not
	// listen, Address holds the port of its connection, and is valid as long as
	// that connection.
	Address netip.AddrPort
	// RemoteIdentity is the identity of the sending node; zero in a message to
	// be sent.
	RemoteIdentity ID

	slot    *slot
	sending atomic.Bool
}

// slot is the place that a received message takes on its connection. The peer's
// lock guards its fields. id and serial keep their values when the message is
// rewritten as an answer.
type slot struct {
	link   *link
	id     ID
	serial uint32
	ack    bool // the sender asked for an ACK
	free   bool
}

// HasSlot reports whether the message was received and is not released.
func (l *PeerMessage) HasSlot() bool {
	if l.slot == nil {
		return false
	}
	p := l.slot.link.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	return !l.slot.free
}

// Release releases the message's slot, so that its connection may deliver
// another message, and sends the ACK if the sender asked for one. It returns
// the identity and the serial that the message had on arrival. ok is false when
// the message holds no slot. Any goroutine may call it, more than once.
func (l *PeerMessage) Release() (id ID, serial uint32, ok bool) {
	s := l.slot
	if s == nil {
		return ID{}, 0, false
	}
	p := s.link.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.free {
		return ID{}, 0, false
	}
	p.releaseSlot(s)
	return s.id, s.serial, true
}

// releaseSlot releases a slot that is taken. The caller holds the peer's lock.
func (p *Peer) releaseSlot(s *slot) {
	s.free = true
	delete(p.slots, s)
	<-s.link.slots // never blocks: s holds one of the tokens
	if s.ack && !s.link.ended {
		s.link.acks = append(s.link.acks, s.id)
		s.link.markUsed()
		s.link.wakeWriter()
	}
	p.signalQuiet()
}
