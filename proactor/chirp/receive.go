package chirp

import "fmt"

// readMessages is the link's reading goroutine. Its caller closes the link with
// the returned error.
func (l *link) readMessages() error {
	for {
		var m Message
		if err := l.reader.readMessage(&m); err != nil {
			return fmt.Errorf("%w: %w", errLost, err)
		}
		l.markUsed()
		switch {
		case m.Type&Ack != 0:
			if err := l.handleAck(&m); err != nil {
				return err
			}
		case m.Type&Noop != 0:
		default:
			if !l.takeSlot() {
				return errLost
			}
			m.Own()
			l.peer.deliverMessage(l, m)
		}
	}
}

// takeSlot waits for a free slot. Nothing is read until then: the network
// buffers fill up, and the sender is held back until its timeout.
func (l *link) takeSlot() bool {
	select {
	case l.slots <- struct{}{}:
		return true
	case <-l.done:
		return false
	}
}

// handleAck settles the message that an ACK names. The ACK may arrive on
// another connection than the one that carried the message, because libchirp
// treats all connections of a node as one.
func (l *link) handleAck(m *Message) error {
	p, r := l.peer, l.remote
	p.mu.Lock()
	defer p.mu.Unlock()
	f := r.waiting
	switch {
	case f != nil && f.message.Identity == m.Identity:
		r.waiting = nil
		f.link.timer.Stop()
		p.finishFuture(f, nil)
		p.flushRemote(r)
		return nil
	case r.failed == m.Identity && !r.failed.IsZero():
		r.failed = ID{} // the ACK is late, and comes only once
		return nil
	}
	return &ProtocolError{UnexpectedAck, m.makeHead()}
}

// deliverMessage hands a message to the request that waits for it, or to the
// handler. A message that no handler will see gets no ACK. A message that can
// no longer get its ACK, because its connection has ended, goes to no handler,
// because its sender counts it as failed.
func (p *Peer) deliverMessage(l *link, m Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &slot{link: l, id: m.Identity, serial: m.Serial, ack: m.Type&ReqAck != 0}
	received := &PeerMessage{Message: m, Address: l.remote.at, RemoteIdentity: l.node, slot: s}
	received.Type = 0
	r, asked := p.requests[m.Identity]
	switch {
	case l.ended && s.ack || p.draining && !asked:
		s.free = true
		<-l.slots
	case asked:
		p.slots[s] = struct{}{}
		if !p.config.KeepSlots {
			p.releaseSlot(s)
		}
		p.settleRequest(r, received, nil)
	case p.config.Handler == nil:
		p.releaseSlot(s)
	default:
		p.slots[s] = struct{}{}
		p.pool.submitWork(func() { p.runHandler(received) })
	}
}

// runHandler runs the handler. After a panic it releases the slot, which
// nothing else would release.
func (p *Peer) runHandler(l *PeerMessage) {
	defer func() {
		r := recover()
		if r != nil {
			p.config.Logger.Error("handler panics", "message", l.slot.id, "panic", r)
		}
		if r != nil || !p.config.KeepSlots {
			l.Release()
		}
	}()
	p.config.Handler(l)
}
