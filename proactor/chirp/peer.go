package chirp

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// Peer is a libchirp node: it listens, connects when it must, and exchanges
// letters with any other. All its methods may be called by any goroutine.
type Peer struct {
	config Config
	tls    *tls.Config // nil without PEM
	pool   handlerPool
	ctx    context.Context // ends with the peer
	cancel context.CancelFunc
	wg     sync.WaitGroup // every goroutine but the handlers
	// connect opens the stream to a node; tests put their own network here.
	connect func(ctx context.Context, to netip.AddrPort) (net.Conn, error)

	mu           sync.Mutex
	port         uint16 // that we listen on, as our handshakes say
	listeners    []net.Listener
	remotes      map[netip.AddrPort]*remote
	links        map[*link]struct{}
	slots        map[*slot]struct{} // taken, with a handler or its answer
	requests     map[ID]*Request
	pending      int           // futures without outcome
	draining     bool          // Shutdown has begun
	handlersDone bool          // and the handlers are done
	stopped      bool          // and has closed everything
	quiet        chan struct{} // closed when resting and nothing is under way
	hurry        chan struct{} // closed when Shutdown shall not wait any more
	end          sync.WaitGroup
	endErr       error // good when end is over
}

// NewPeer makes a peer that does not listen yet. It has one goroutine from now
// on; Shutdown ends it. An error says which setting is wrong.
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

// dialTCP is the network that there is.
func dialTCP(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", to.String())
}

// Identity is this node's, which every handshake tells.
func (p *Peer) Identity() ID { return p.config.Identity }

// Send sends a letter to its Address; a letter without identity gets one. Header
// and Data must stay as they are until the future has its outcome. Messages to
// one node go in the order of their sending, and none is sent twice. The future
// fails when the node cannot be reached (so do all that were queued for it),
// when the message's time is up, when its connection is lost, or on Shutdown.
func (p *Peer) Send(l *PeerMessage) *Future {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sendLocked(l, nil)
}

// Request sends a letter and waits for another with the same identity.
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

// sendLocked queues the letter; the lock is held.
func (p *Peer) sendLocked(l *PeerMessage, r *Request) *Future {
	if !l.sending.CompareAndSwap(false, true) {
		return p.refuseRequest(failedFuture(l, ErrSending), r)
	}
	if l.Identity.IsZero() {
		l.Identity = NewID()
	}
	f := &Future{message: l.Message, letter: l, request: r, done: make(chan struct{})}
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

// checkSendable says why a message cannot even be queued.
func (p *Peer) checkSendable(f *Future, l *PeerMessage) error {
	switch {
	case p.stopped:
		return fmt.Errorf("send %s: %w", l.Identity, ErrShutdown)
	case !l.Address.IsValid() || l.Address.Port() == 0:
		return fmt.Errorf("send %s: address %v is not complete, set address and port", l.Identity, l.Address)
	}
	return f.message.checkSize(p.config.MaxMessage)
}

// failedFuture is a future that has its outcome.
func failedFuture(l *PeerMessage, err error) *Future {
	f := &Future{message: l.Message, letter: l, done: make(chan struct{}), err: err}
	close(f.done)
	return f
}

// refuseRequest ends the request of a future that was refused; the lock is held.
func (p *Peer) refuseRequest(f *Future, r *Request) *Future {
	if r != nil {
		r.sent = f
		p.settleRequest(r, nil, f.err)
	}
	return f
}

// Submit runs work on the handlers, behind what waits for them. The error is
// ErrShutdown. A panic in work is the program's.
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

// needsTLS says whether connections with that address are encrypted. It is
// libchirp's rule, which knows these two addresses only.
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
