package chirp

import (
	"errors"
	"net"
	"time"

	"initiator/internal/bounds"
	"initiator/internal/connbudget"
)

// acceptPause is the time after which a peer tries again to accept a connection
// when the process has no descriptor for it.
const acceptPause = minTimeout

// runAccept accepts connections until the listener is closed.
func (p *Peer) runAccept(nl net.Listener) {
	failing := false
	for {
		nc, err := nl.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// The process may have run out of descriptors. No event tells when
			// a connection has ended and freed one, so try again soon.
			if !failing {
				p.config.Logger.Warn("connections cannot be accepted now; the listener tries again", "error", err)
			}
			failing = true
			p.sleepOrEnd(acceptPause)
		default:
			failing = false
			if p.admitConn(nc) {
				p.wg.Go(func() {
					defer p.forgetConn(nc)
					p.serveAccepted(nc, nc.RemoteAddr().(*net.TCPAddr).AddrPort())
				})
			}
		}
	}
}

// defaultAcceptLimit returns how many accepted connections a peer keeps.
func defaultAcceptLimit() int {
	return min(connbudget.Divide(connbudget.DescriptorLimit())[connbudget.Client], bounds.ChirpConns)
}

// admitConn counts an accepted connection. When there are too many, it closes
// the connection that has waited longest for its handshake, where these are
// more than half, or the connection that has been idle longest. When all are in
// use it closes the new connection and returns false.
func (p *Peer) admitConn(nc net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.accepted) >= p.acceptLimit && !p.closeSpare() {
		nc.Close()
		p.config.Logger.Debug("refuse connection", "from", nc.RemoteAddr(), "reason", "too many connections are in use", "limit", p.acceptLimit)
		return false
	}
	p.acceptCount++
	p.accepted[nc] = p.acceptCount
	return true
}

// closeSpare makes room for one accepted connection. The caller holds the lock.
func (p *Peer) closeSpare() bool {
	if len(p.accepted)-len(p.links) > p.acceptLimit/2 {
		return p.closeOldestArrival()
	}
	return p.closeIdleLink() || p.closeOldestArrival()
}

// closeOldestArrival closes the accepted connection that has waited longest for
// its handshake. The caller holds the lock.
func (p *Peer) closeOldestArrival() bool {
	linked := make(map[net.Conn]bool, len(p.links))
	for l := range p.links {
		linked[l.raw] = true
	}
	var oldest net.Conn
	for nc, at := range p.accepted {
		if !linked[nc] && (oldest == nil || at < p.accepted[oldest]) {
			oldest = nc
		}
	}
	if oldest == nil {
		return false
	}
	delete(p.accepted, oldest)
	oldest.Close()
	return true
}

// closeIdleLink closes the accepted connection that has been idle longest and
// has no work. The caller holds the lock.
func (p *Peer) closeIdleLink() bool {
	now := time.Now()
	var idlest *link
	for l := range p.links {
		if p.accepted[l.raw] > 0 && !l.hasWork() && (idlest == nil || l.idleTime(now) > idlest.idleTime(now)) {
			idlest = l
		}
	}
	if idlest == nil {
		return false
	}
	delete(p.accepted, idlest.raw)
	idlest.closeLink(errIdle)
	return true
}

// forgetConn counts an accepted connection no more.
func (p *Peer) forgetConn(nc net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.accepted, nc)
}
