package chirp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Listen accepts connections at address and returns the address at which it
// listens. address is "host:port", or "host" for libchirp's port 2998. An empty
// host means all addresses; port 0 means a free port. Handshakes carry the port
// of the first Listen, and other nodes answer to that port, so call Listen
// before Send. A peer that never listens gets its answers on the connections
// that it opens.
func (p *Peer) Listen(address string) (netip.AddrPort, error) {
	address = withPort(address)
	nl, err := net.Listen("tcp", address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	at := nl.Addr().(*net.TCPAddr).AddrPort()
	if _, err := p.needsTLS(at.Addr().Unmap()); err != nil {
		nl.Close()
		return at, fmt.Errorf("listen at %s: %w", address, err)
	}
	if err := p.startAccepting(nl, at.Port()); err != nil {
		nl.Close()
		return at, fmt.Errorf("listen at %s: %w", address, err)
	}
	return at, nil
}

// withPort adds the default port to an address without a port.
func withPort(address string) string {
	if _, _, err := net.SplitHostPort(address); err == nil {
		return address
	}
	return net.JoinHostPort(strings.Trim(address, "[]"), strconv.Itoa(DefaultPort))
}

// startAccepting starts the goroutine that owns the listener.
func (p *Peer) startAccepting(nl net.Listener, port uint16) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return ErrShutdown
	}
	if p.port == 0 {
		p.port = port
	}
	p.listeners = append(p.listeners, nl)
	p.wg.Go(func() { p.runAccept(nl) })
	return nil
}

// sleepOrEnd waits for d, or until the peer ends.
func (p *Peer) sleepOrEnd(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-p.ctx.Done():
	}
}

// serveAccepted serves a connection that was accepted.
func (p *Peer) serveAccepted(raw net.Conn, from netip.AddrPort) {
	from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	ctx, cancel := context.WithTimeout(p.ctx, p.config.connectTimeout())
	l, hello, err := p.startLink(ctx, raw, from.Addr(), true)
	cancel()
	if err != nil {
		p.config.Logger.Debug("refuse connection", "from", from, "reason", err)
		return
	}
	at := netip.AddrPortFrom(from.Addr(), hello.Port)
	if hello.Port == 0 {
		at = from
	}
	p.serveLink(l, at, hello)
}

// dialRemote connects to a node for which messages are queued. When that fails,
// all of them fail, because each would only wait for the same failure.
func (p *Peer) dialRemote(r *remote) {
	ctx, cancel := context.WithTimeout(p.ctx, p.config.connectTimeout())
	l, hello, err := p.openLink(ctx, r.at)
	cancel()
	if err == nil {
		p.serveLink(l, r.at, hello)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	r.dialing = false
	if r.link == nil { // otherwise the node has connected in the meantime
		p.failQueue(r, err)
	}
}

// openLink connects and exchanges handshakes.
func (p *Peer) openLink(ctx context.Context, to netip.AddrPort) (*link, Handshake, error) {
	if _, err := p.needsTLS(to.Addr()); err != nil {
		return nil, Handshake{}, err
	}
	raw, err := p.connect(ctx, to)
	if err != nil {
		return nil, Handshake{}, err
	}
	return p.startLink(ctx, raw, to.Addr(), false)
}

// startLink encrypts the connection if necessary and exchanges handshakes. On
// an error it closes the connection.
func (p *Peer) startLink(ctx context.Context, raw net.Conn, with netip.Addr, accepted bool) (*link, Handshake, error) {
	l, hello, err := p.tryStartLink(ctx, raw, with, accepted)
	if err != nil {
		raw.Close()
	}
	return l, hello, err
}

func (p *Peer) tryStartLink(ctx context.Context, raw net.Conn, with netip.Addr, accepted bool) (*link, Handshake, error) {
	secure, err := p.needsTLS(with)
	if err != nil {
		return nil, Handshake{}, err
	}
	nc := raw
	if secure {
		tc := tls.Client(raw, p.tls)
		if accepted {
			tc = tls.Server(raw, p.tls)
		}
		if err := tc.HandshakeContext(ctx); err != nil {
			return nil, Handshake{}, fmt.Errorf("encrypt connection: %w", err)
		}
		nc = tc
	}
	p.mu.Lock()
	ours := Handshake{Port: p.port, Node: p.config.Identity}
	p.mu.Unlock()
	reader := newReader(nc, p.config.MaxMessage)
	hello, err := exchangeHandshakes(ctx, nc, reader, ours)
	return newLink(p, raw, nc, reader), hello, err
}

// serveLink makes the link the current link of its remote, and reads from it until it
// ends.
func (p *Peer) serveLink(l *link, at netip.AddrPort, hello Handshake) {
	if !p.registerLink(l, at, hello) {
		l.raw.Close()
		return
	}
	p.wg.Go(l.runWriter)
	l.failLink(l.readMessages())
}

// registerLink makes l the link over which its remote is written to. An earlier
// link is still read, unless it leads to an earlier run of the node.
func (p *Peer) registerLink(l *link, at netip.AddrPort, hello Handshake) bool {
	p.mu.Lock()
	if p.stopped {
		p.mu.Unlock()
		return false
	}
	r := p.remoteAt(at, hello.Port != 0)
	l.remote, l.node = r, hello.Node
	restarted := !r.node.IsZero() && r.node != hello.Node
	r.node, r.link, r.dialing = hello.Node, l, false
	if restarted {
		p.resetRemote(r)
	}
	p.links[l] = struct{}{}
	p.flushRemote(r)
	p.mu.Unlock()
	if restarted && p.config.Restarted != nil {
		p.config.Restarted(at, hello.Node)
	}
	return true
}
