package chirp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// Peer is a libchirp node. It listens, connects when necessary, and exchanges
// messages with other nodes. Any goroutine may call its methods.
type Peer struct {
	config Config
	tls    *tls.Config // nil = no PEM file
	pool   handlerPool
	ctx    context.Context // ends with the peer
	cancel context.CancelFunc
	wg     sync.WaitGroup // counts every goroutine but the handlers
	// connect opens the stream to a node. Tests replace it.
	connect func(ctx context.Context, to netip.AddrPort) (net.Conn, error)

	mu           sync.Mutex
	port         uint16 // of the first Listen, for handshakes
	listeners    []net.Listener
	remotes      map[netip.AddrPort]*remote
	links        map[*link]struct{}
	accepted     map[net.Conn]uint64 // the accepted connections, numbered in their order
	acceptCount  uint64              // how many connections were accepted so far
	acceptLimit  int                 // how many of them are kept
	slots        map[*slot]struct{}  // taken by a handler or by an answer
	requests     map[ID]*Request
	pending      int           // futures without an outcome
	draining     bool          // Shutdown has begun
	handlersDone bool          // Shutdown has begun and no handler runs
	stopped      bool          // Shutdown has closed everything
	quiet        chan struct{} // closed when the handlers are done and nothing is under way
	hurry        chan struct{} // closed when Shutdown must not wait any longer
	end          sync.WaitGroup
	endErr       error // valid when end is done
}

// NewPeer returns a peer that does not listen yet. It starts one goroutine;
// Shutdown ends it. An error names the setting that is wrong.
func NewPeer(c Config) (*Peer, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	p := &Peer{
		config:   c,
		pool:     handlerPool{limit: c.Handlers},
		remotes:  map[netip.AddrPort]*remote{},
		links:    map[*link]struct{}{},
		accepted: map[net.Conn]uint64{}, acceptLimit: defaultAcceptLimit(),
		slots:    map[*slot]struct{}{},
		requests: map[ID]*Request{},
		quiet:    make(chan struct{}),
		hurry:    make(chan struct{}),
	}
	if c.PEM != "" {
		if p.tls, err = loadPEM(c.PEM); err != nil {
			return nil, err
		}
	}
	p.connect = dialTCP
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.wg.Go(func() { p.runIdleSweep(p.ctx) })
	return p, nil
}

// dialTCP opens a TCP connection.
func dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", to.String())
}

// Identity returns the identity of this node, which every handshake carries.
func (p *Peer) Identity() ID { return p.config.Identity }

// Send sends a message to its Address. A message without an identity gets one.
// Header and Data must not change until the future has its outcome. Messages to
// one node go in the order of their sending, and no message is sent twice. The
// future fails when the node cannot be reached, together with all messages that
// were queued for it; when the message's time is up; when its connection is
// lost; or on Shutdown.
func (p *Peer) Send(l *PeerMessage) *Future {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sendLocked(l, nil)
}

// Request sends a message and expects an answer with the same identity.
func (p *Peer) Request(l *PeerMessage) *Request {
	r := &Request{done: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.Identity.IsZero() {
		l.Identity = NewID()
	}
	if _, taken := p.requests[l.Identity]; taken {
		r.err = fmt.Errorf("request %s: that identity waits for its answer already", l.Identity)
		r.sent = failedFuture(l, r.err)
		close(r.done)
		return r
	}
	p.requests[l.Identity] = r
	r.sent = p.sendLocked(l, r)
	return r
}

// sendLocked queues the message. The caller holds the lock.
func (p *Peer) sendLocked(l *PeerMessage, r *Request) *Future {
	if !l.sending.CompareAndSwap(false, true) {
		return p.refuseRequest(failedFuture(l, ErrSending), r)
	}
	if l.Identity.IsZero() {
		l.Identity = NewID()
	}
	f := &Future{message: l.Message, peerMessage: l, request: r, done: make(chan struct{})}
	f.message.Type = 0
	if err := p.checkSendable(f, l); err != nil {
		l.sending.Store(false)
		return p.refuseRequest(failedFuture(l, err), r)
	}
	to := netip.AddrPortFrom(l.Address.Addr().Unmap(), l.Address.Port())
	f.remote = p.remoteAt(to, true)
	p.pending++
	f.remote.queue = append(f.remote.queue, f)
	p.flushRemote(f.remote)
	return f
}

// checkSendable reports why a message cannot be queued.
func (p *Peer) checkSendable(f *Future, l *PeerMessage) error {
	switch {
	case p.stopped:
		return fmt.Errorf("send %s: %w", l.Identity, ErrShutdown)
	case !l.Address.IsValid() || l.Address.Port() == 0:
		return fmt.Errorf("send %s: address %v is not complete, set address and port", l.Identity, l.Address)
	}
	return f.message.checkSize(p.config.MaxMessage)
}

// failedFuture returns a future that has already failed.
func failedFuture(l *PeerMessage, err error) *Future {
	f := &Future{message: l.Message, peerMessage: l, done: make(chan struct{}), err: err}
	close(f.done)
	return f
}

// refuseRequest ends the request of a future that was refused. The caller holds
// the lock.
func (p *Peer) refuseRequest(f *Future, r *Request) *Future {
	if r != nil {
		r.sent = f
		p.settleRequest(r, nil, f.err)
	}
	return f
}

// Submit runs work on a handler goroutine, after the work that already waits.
// Error: ErrShutdown. A panic in work ends the program.
func (p *Peer) Submit(work func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.draining {
		return ErrShutdown
	}
	p.pool.submitWork(work)
	return nil
}

// errNoTLS says what to do about an address that must be encrypted.
func errNoTLS(at netip.Addr) error {
	return fmt.Errorf("%v is not on the loopback and there is no certificate: set Config.PEM, or Config.Plain when the network is trusted", at)
}

// needsTLS reports whether connections with that address are encrypted. It
// follows libchirp's rule, which exempts only these two addresses.
func (p *Peer) needsTLS(at netip.Addr) (bool, error) {
	loopback := at == netip.AddrFrom4([4]byte{127, 0, 0, 1}) || at == netip.IPv6Loopback()
	if p.config.Plain || loopback && !p.config.EncryptLoopback {
		return false, nil
	}
	if p.tls == nil {
		return true, errNoTLS(at)
	}
	return true, nil
}
