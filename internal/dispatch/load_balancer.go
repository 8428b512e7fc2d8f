package dispatch

// loadBalancer orders the workers of a pool by their free slots. Among equals the
// one that has waited longest comes first, which is a round robin. Every
// operation is a few pointer moves, whatever the number of workers.
//
// The zero value is empty.
type loadBalancer struct {
	rings []balancerEntry // by free slots, each the root of a ring; [0] is never used
	top   int             // no ring above it has anybody
}

// balancerEntry is a worker's place in a ring. Its own root is the seat without a peer.
type balancerEntry struct {
	conn       *workerConn
	free       int
	next, prev *balancerEntry // nil = not in a ring
}

// placeWorker puts a worker at the end of those with as many free slots, or takes it
// out where free is 0 or less.
func (b *loadBalancer) placeWorker(p *workerConn, free int) {
	b.removeWorker(p)
	if free <= 0 {
		return
	}
	b.growRings(free)
	s, root := &p.entry, &b.rings[free]
	s.free, s.prev, s.next = free, root.prev, root
	s.prev.next, root.prev = s, s
	b.top = max(b.top, free)
}

// growRings makes rings for so many free slots. The roots move, so it joins the
// rings to them anew.
func (b *loadBalancer) growRings(free int) {
	if free < len(b.rings) {
		return
	}
	rings := make([]balancerEntry, free+1)
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

func (b *loadBalancer) removeWorker(p *workerConn) {
	s := &p.entry
	if s.next != nil {
		s.prev.next, s.next.prev = s.next, s.prev
		s.next, s.prev = nil, nil
	}
}

// eachWorker yields the workers with a free slot, those with most free slots first,
// until f returns false. f may place the worker that it is given, and then
// has to return false.
func (b *loadBalancer) eachWorker(f func(*workerConn) bool) {
	for n := b.top; n > 0; n-- {
		for s := b.rings[n].next; s != &b.rings[n]; s = s.next {
			if !f(s.conn) {
				return
			}
		}
	}
}

// firstWorker is the worker that each would yield first.
func (b *loadBalancer) firstWorker() *workerConn {
	for ; b.top > 0; b.top-- {
		if s := b.rings[b.top].next; s.conn != nil {
			return s.conn
		}
	}
	return nil
}
