package dispatch

import "container/list"

// balance orders the workers of a pool by their free slots. Among equals the
// one that has waited longest comes first, which is a round robin. Every
// operation is a few pointer moves, whatever the number of workers.
//
// The zero value is empty.
type balance struct {
	buckets []*list.List // by free slots; [0] is never used
}

// place puts a worker at the end of those with as many free slots, or takes it
// out where free is 0 or less.
func (b *balance) place(p *peer, free int) {
	b.remove(p)
	if free <= 0 {
		return
	}
	for len(b.buckets) <= free {
		b.buckets = append(b.buckets, list.New())
	}
	p.place = b.buckets[free].PushBack(p)
	p.bucket = free
}

func (b *balance) remove(p *peer) {
	if p.place != nil {
		b.buckets[p.bucket].Remove(p.place)
		p.place = nil
	}
}

// each yields the workers with a free slot, those with most free slots first,
// until f returns false. f may place the worker that it is given.
func (b *balance) each(f func(*peer) bool) {
	for n := len(b.buckets) - 1; n > 0; n-- {
		for e := b.buckets[n].Front(); e != nil; {
			next := e.Next()
			if !f(e.Value.(*peer)) {
				return
			}
			e = next
		}
	}
}

// first is the worker that each would yield first.
func (b *balance) first() *peer {
	for n := len(b.buckets) - 1; n > 0; n-- {
		if e := b.buckets[n].Front(); e != nil {
			return e.Value.(*peer)
		}
	}
	return nil
}
