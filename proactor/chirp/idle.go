package chirp

import (
	"context"
	"time"
)

// idleAction is what to do with a connection that was idle.
type idleAction int

const (
	writeAtOnce idleAction = iota // write to it
	probeFirst                    // write a NOOP first: the other side may have dropped it
)

// actionAfterIdle says what the next message finds after a connection was idle, when idle
// ones are kept for reuse: after three quarters of that the other side, whose
// clock is its own, may have dropped it.
func actionAfterIdle(idle, reuse time.Duration) idleAction {
	if idle >= reuse*3/4 {
		return probeFirst
	}
	return writeAtOnce
}

// runIdleSweep drops idle connections until ctx ends. It looks every half of the reuse
// time and drops what was idle for half of it, so that each lives between half
// of it and all of it.
func (p *Peer) runIdleSweep(ctx context.Context) {
	tick := time.NewTicker(p.config.ReuseTime / 2)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			p.dropIdleLinks(now)
		}
	}
}

// dropIdleLinks ends every link that nobody used for half of the reuse time and that
// owes nothing, and forgets the remotes that are gone for all of it.
func (p *Peer) dropIdleLinks(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if !l.hasWork() && l.idleTime(now) >= p.config.ReuseTime/2 {
			l.closeLink(errIdle)
		}
	}
	for at, r := range p.remotes {
		busy := r.link != nil || r.dialing || r.waiting != nil || len(r.queue) > 0
		if !busy && now.Sub(r.gone) >= p.config.ReuseTime && !p.hasLink(r) {
			delete(p.remotes, at)
		}
	}
}

// hasWork says whether the link has something to do still, as seen from here; the
// peer's lock is held.
func (l *link) hasWork() bool {
	r := l.remote
	return len(l.slots) > 0 || len(l.acks) > 0 || r.waiting != nil || len(r.queue) > 0
}

// hasLink says whether a replaced link still reads for the remote.
func (p *Peer) hasLink(r *remote) bool {
	for l := range p.links {
		if l.remote == r {
			return true
		}
	}
	return false
}
