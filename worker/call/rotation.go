package call

import "slices"

// endpoint is one address of a pool. The pool's mutex guards it.
type endpoint struct {
	address string
	live    bool
	removed chan struct{} // closed when the address is removed
}

// rotation decides which endpoint is next. The pool's mutex guards it.
type rotation struct {
	endpoints []*endpoint
	next      int // index of the endpoint that is asked first
}

func (r *rotation) addAddress(address string) {
	if slices.ContainsFunc(r.endpoints, func(e *endpoint) bool { return e.address == address }) {
		return
	}
	r.endpoints = append(r.endpoints, &endpoint{address: address, live: true, removed: make(chan struct{})})
}

// keepAddresses removes the endpoints for which keep returns false.
func (r *rotation) keepAddresses(keep func(*endpoint) bool) {
	r.endpoints = slices.DeleteFunc(r.endpoints, func(e *endpoint) bool {
		if keep(e) {
			return false
		}
		close(e.removed)
		return true
	})
}

// pickEndpoint returns the endpoint for the next attempt of a call, or nil when
// the rotation is empty. It prefers, in this order: a live and untried
// endpoint, an untried endpoint, a live endpoint, any endpoint. Endpoints that
// are not live come before giving up, because they may have come back since.
func (r *rotation) pickEndpoint(tried map[*endpoint]bool) *endpoint {
	var best *endpoint
	bestScore := -1
	for i := range r.endpoints {
		e := r.endpoints[(r.next+i)%len(r.endpoints)]
		if s := score(e, tried); s > bestScore {
			best, bestScore = e, s
		}
	}
	if best != nil {
		r.next = (slices.Index(r.endpoints, best) + 1) % len(r.endpoints)
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

// hasUntried reports whether an endpoint is left that was not tried for this
// call. As long as one endpoint is live, endpoints that are not live do not
// count: an attempt at such an endpoint can take long.
func (r *rotation) hasUntried(tried map[*endpoint]bool) bool {
	live := slices.ContainsFunc(r.endpoints, func(e *endpoint) bool { return e.live })
	return slices.ContainsFunc(r.endpoints, func(e *endpoint) bool { return !tried[e] && (e.live || !live) })
}
