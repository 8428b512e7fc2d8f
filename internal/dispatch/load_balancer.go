package dispatch

// loadBalancer orders the workers of a pool by their free slots. Among equals,
// the worker that has waited longest comes first, which is a round robin. Every
// operation moves a few pointers, whatever the number of workers.
//
// The zero value is empty.
type loadBalancer struct {
	rings []balancerEntry // by number of free slots, each the root of a ring; [0] is never used
	top   int             // every ring above it is empty
}

// balancerEntry is the place of a worker in a ring. The root of a ring is an
// entry without a worker.
type balancerEntry struct {
	conn       *workerConn
	free       int
	next, prev *balancerEntry // nil = not in a ring
}

// placeWorker puts a worker behind the workers that have as many free slots. It
// removes the worker when free is 0 or less.
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

// growRings makes rings for up to free slots. The roots move, so growRings
// joins the rings to them again.
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

// eachWorker yields the workers that have a free slot, most free slots first,
// until f returns false. f may call placeWorker with its argument, and must
// then return false.
func (b *loadBalancer) eachWorker(f func(*workerConn) bool) {
	for n := b.top; n > 0; n-- {
		for s := b.rings[n].next; s != &b.rings[n]; s = s.next {
			if !f(s.conn) {
				return
			}
		}
	}
}

// firstWorker returns the worker that eachWorker would yield first; nil = no
// worker has a free slot.
func (b *loadBalancer) firstWorker() *workerConn {
	for ; b.top > 0; b.top-- {
		if s := b.rings[b.top].next; s.conn != nil {
			return s.conn
		}
	}
	return nil
}
