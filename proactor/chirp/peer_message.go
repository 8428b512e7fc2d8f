package chirp

import (
	"net/netip"
	"sync/atomic"
)

// PeerMessage is a message with an address: what a [Peer] sends and what it gets. To
// answer one, replace its Data and send it: it goes back to where it came from,
// under the same identity. It must not be changed while it is being sent.
type PeerMessage struct {
	Message
	// Address is where it goes, or came from; its port is the one that the
	// other node listens on. A node that does not listen has the port of its
	// connection here, and is reachable as long as that stands.
	Address netip.AddrPort
	// RemoteIdentity is the node that sent it; zero for a letter to be sent.
	RemoteIdentity ID

	slot    *slot
	sending atomic.Bool
}

// slot is the place that a received message holds on its connection. Its
// fields are the peer's, under its lock; id and serial stay what they were when
// the letter is rewritten as an answer.
type slot struct {
	link   *link
	id     ID
	serial uint32
	ack    bool // the sender wants to know when it is free
	free   bool
}

// HasSlot says that the letter was received and is not released.
func (l *PeerMessage) HasSlot() bool {
	if l.slot == nil {
		return false
	}
	p := l.slot.link.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	return !l.slot.free
}

// Release frees the letter's slot, so that its connection may bring another
// message, and sends the ACK if one was asked for. It yields the identity and
// the serial that the message had when it came; ok is false when there was no
// slot to release. Any goroutine may call it, again and again.
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

// releaseSlot frees a slot that is taken; the peer's lock is held.
func (p *Peer) releaseSlot(s *slot) {
	s.free = true
	delete(p.slots, s)
	<-s.link.slots // never waits: s is one of those in it
	if s.ack && !s.link.ended {
		s.link.acks = append(s.link.acks, s.id)
		s.link.markUsed()
		s.link.wakeWriter()
	}
	p.signalQuiet()
}
