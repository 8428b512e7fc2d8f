package chirp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Listen accepts connections at address, "host:port" or "host" for libchirp's
// port 2998; host may be empty for all addresses, port 0 takes a free one. It
// gives the address that it listens at. The port of the first Listen is what
// other nodes are told to answer to, so listen before you send; a peer that
// never listens is answered on the connections that it opens.
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

// withPort adds the default port to an address that has none.
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
	p.wg.Go(func() {
		for {
			nc, err := nl.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				// Descriptors may be out. They come back when a connection
				// ends, which no event tells; so look again soon.
				p.config.Logger.Warn("accept connection", "error", err)
				p.sleepOrEnd(minTimeout)
				continue
			}
			p.wg.Go(func() { p.serveAccepted(nc, nc.RemoteAddr().(*net.TCPAddr).AddrPort()) })
		}
	})
	return nil
}

// sleepOrEnd waits, or for the peer's end.
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

// dialRemote connects to a node that messages wait for. When that fails they all do,
// for each would only wait for the same again.
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
	if r.link == nil { // else the node has connected meanwhile
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

// startLink encrypts the connection if it must be and exchanges handshakes. On an
// error it has closed the connection.
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

// serveLink makes the link its remote's and reads until it ends.
func (p *Peer) serveLink(l *link, at netip.AddrPort, hello Handshake) {
	if !p.registerLink(l, at, hello) {
		l.raw.Close()
		return
	}
	p.wg.Go(l.runWriter)
	l.failLink(l.readMessages())
}

// registerLink makes the link the one that its remote is written to. The link
// before is still read, unless it leads to a node that is no more.
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
