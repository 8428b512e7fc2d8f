package bytebudget

import (
	"context"
	"sync"
)

// Table has a Budget for each peer. Make one with NewTable. Any goroutine may call
// its methods.
type Table struct {
	limit int64

	mu    sync.Mutex
	peers map[string]*peer // that have or wait for reservations
}

// peer is the budget of one peer.
type peer struct {
	*Budget
	reservations int // granted or waiting; guarded by Table.mu
}

// NewTable returns a table whose peers may reserve so many bytes each.
func NewTable(limit int64) *Table { return &Table{limit: limit, peers: map[string]*peer{}} }

// Reserve is Budget.Reserve with the budget of a peer.
func (t *Table) Reserve(ctx context.Context, name string, n int64) (release func(), err error) {
	p := t.enterPeer(name)
	free, err := p.Reserve(ctx, n)
	if err != nil {
		t.leavePeer(name, p)
		return nil, err
	}
	return func() { free(); t.leavePeer(name, p) }, nil
}

func (t *Table) enterPeer(name string) *peer {
	t.mu.Lock()
	defer t.mu.Unlock()
	p := t.peers[name]
	if p == nil {
		p = &peer{Budget: New(t.limit)}
		t.peers[name] = p
	}
	p.reservations++
	return p
}

func (t *Table) leavePeer(name string, p *peer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p.reservations--; p.reservations == 0 {
		delete(t.peers, name)
	}
}
