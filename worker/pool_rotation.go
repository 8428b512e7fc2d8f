package worker

import "slices"

// endpoint is one connection of a pool. The pool's mutex guards it.
type endpoint struct {
	address string
	live    bool
	gone    chan struct{} // closed when it was removed
}

// rotation is who is next. The pool's mutex guards it.
type rotation struct {
	all  []*endpoint
	next int
}

func (r *rotation) add(address string) {
	if slices.ContainsFunc(r.all, func(e *endpoint) bool { return e.address == address }) {
		return
	}
	r.all = append(r.all, &endpoint{address: address, live: true, gone: make(chan struct{})})
}

// keep drops the endpoints of which stays is false.
func (r *rotation) keep(stays func(*endpoint) bool) {
	r.all = slices.DeleteFunc(r.all, func(e *endpoint) bool {
		if stays(e) {
			return false
		}
		close(e.gone)
		return true
	})
}

// pick returns who is to be tried next: somebody who is alive and has not been
// tried for this call, and else, in this order, somebody who has not been
// tried, somebody who is alive, anybody. Nil when there is nobody at all. The
// dead are asked before giving up because they may have come back since.
func (r *rotation) pick(tried map[*endpoint]bool) *endpoint {
	var best *endpoint
	rank := -1
	for i := range r.all {
		e := r.all[(r.next+i)%len(r.all)]
		if s := score(e, tried); s > rank {
			best, rank = e, s
		}
	}
	if best != nil {
		r.next = (slices.Index(r.all, best) + 1) % len(r.all)
	}
	return best
}

func score(e *endpoint, tried map[*endpoint]bool) int {
	s := 0
	if !tried[e] {
		s += 2
	}
	if e.live {
		s++
	}
	return s
}

// untried says whether somebody is left to be tried who has not been. While
// anybody is alive, the dead do not count: asking one can take long.
func (r *rotation) untried(tried map[*endpoint]bool) bool {
	alive := slices.ContainsFunc(r.all, func(e *endpoint) bool { return e.live })
	return slices.ContainsFunc(r.all, func(e *endpoint) bool { return !tried[e] && (e.live || !alive) })
}
