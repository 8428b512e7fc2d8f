package dispatch

// balance orders the workers of a pool by their free slots. Among equals the
// one that has waited longest comes first, which is a round robin. Every
// operation is a few pointer moves, whatever the number of workers.
//
// The zero value is empty.
type balance struct {
	rings []seat // by free slots, each the root of a ring; [0] is never used
	top   int    // no ring above it has anybody
}

// seat is a worker's place in a ring. Its own root is the seat without a peer.
type seat struct {
	peer       *peer
	free       int
	next, prev *seat // nil = not in a ring
}

// place puts a worker at the end of those with as many free slots, or takes it
// out where free is 0 or less.
func (b *balance) place(p *peer, free int) {
	b.remove(p)
	if free <= 0 {
		return
	}
	b.grow(free)
	s, root := &p.seat, &b.rings[free]
	s.free, s.prev, s.next = free, root.prev, root
	s.prev.next, root.prev = s, s
	b.top = max(b.top, free)
}

// grow makes rings for so many free slots. The roots move, so it joins the
// rings to them anew.
func (b *balance) grow(free int) {
	if free < len(b.rings) {
		return
	}
	rings := make([]seat, free+1)
	for n := range rings {
		root := &rings[n]
		root.next, root.prev = root, root
		if n < len(b.rings) && b.rings[n].next != &b.rings[n] {
			root.next, root.prev = b.rings[n].next, b.rings[n].prev
			root.next.prev, root.prev.next = root, root
		}
	}
	b.rings = rings
}

func (b *balance) remove(p *peer) {
	s := &p.seat
	if s.next != nil {
		s.prev.next, s.next.prev = s.next, s.prev
		s.next, s.prev = nil, nil
	}
}

// each yields the workers with a free slot, those with most free slots first,
// until f returns false. f may place the worker that it is given, and then
// has to return false.
func (b *balance) each(f func(*peer) bool) {
	for n := b.top; n > 0; n-- {
		for s := b.rings[n].next; s != &b.rings[n]; s = s.next {
			if !f(s.peer) {
				return
			}
		}
	}
}

// first is the worker that each would yield first.
func (b *balance) first() *peer {
	for ; b.top > 0; b.top-- {
		if s := b.rings[b.top].next; s.peer != nil {
			return s.peer
		}
	}
	return nil
}
