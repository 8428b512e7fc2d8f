package chirp

import (
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy passes connections on to a peer and cuts each after a random number of
// bytes, in either direction, wherever that is in a message.
type proxy struct {
	t    *testing.T
	l    net.Listener
	to   netip.AddrPort
	most int64 // bytes that a connection may live
	cuts atomic.Int64
	wg   sync.WaitGroup

	mu   sync.Mutex
	rand *rand.Rand
	open map[net.Conn]bool // nil when the proxy ends
}

func newProxy(t *testing.T, to netip.AddrPort, most int64, seed uint64) (*proxy, netip.AddrPort) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, l: l, to: to, most: most, rand: rand.New(rand.NewPCG(seed, seed)), open: map[net.Conn]bool{}}
	p.wg.Go(p.run)
	t.Cleanup(p.close)
	return p, l.Addr().(*net.TCPAddr).AddrPort()
}

func (p *proxy) run() {
	for {
		from, err := p.l.Accept()
		if err != nil {
			return
		}
		to, err := net.Dial("tcp", p.to.String())
		if err != nil {
			from.Close()
			continue
		}
		if !p.track(from, to) {
			return
		}
		var both sync.Once
		cut := func() { from.Close(); to.Close(); p.cuts.Add(1) }
		for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
			p.mu.Lock()
			life := 1 + p.rand.Int64N(p.most)
			p.mu.Unlock()
			p.wg.Go(func() {
				io.CopyN(way[1], way[0], life)
				both.Do(cut)
			})
		}
	}
}

// track keeps the connections for the end of the proxy.
func (p *proxy) track(cs ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range cs {
		if p.open == nil {
			c.Close()
			continue
		}
		p.open[c] = true
	}
	return p.open != nil
}

func (p *proxy) close() {
	p.l.Close()
	p.mu.Lock()
	for c := range p.open {
		c.Close()
	}
	p.open = nil
	p.mu.Unlock()
	p.wg.Wait()
}
