package chirp

import (
	"context"
	"time"
)

// idleAction is what to do before the next message on an idle connection.
type idleAction int

const (
	writeAtOnce idleAction = iota // write the message at once
	probeFirst                    // write a NOOP first: the other side may have closed the connection
)

// actionAfterIdle returns what to do before the next message after a connection
// was idle, when idle connections are kept for reuse. After three quarters of
// that time the remote end, which measures with its own clock, may have closed
// it.
func actionAfterIdle(idle, reuse time.Duration) idleAction {
	if idle >= reuse*3/4 {
		return probeFirst
	}
	return writeAtOnce
}

// runIdleSweep closes idle connections until ctx ends. Every half reuse time it
// closes the connections that were idle for half of the reuse time, so that
// each lives between half and all of it.
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

// dropIdleLinks closes every link that was idle for half of the reuse time and
// has no work, and forgets the remotes without a link for all of it.
func (p *Peer) dropIdleLinks(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if !l.hasWork() && l.idleTime(now) >= p.config.ReuseTime/2 {
			l.closeLink(errIdle)
		}
	}
	linked := make(map[*remote]bool, len(p.links)) // a replaced link still reads for its remote
	for l := range p.links {
		linked[l.remote] = true
	}
	for at, r := range p.remotes {
		busy := r.link != nil || r.dialing || r.waiting != nil || len(r.queue) > 0
		if !busy && now.Sub(r.gone) >= p.config.ReuseTime && !linked[r] {
			delete(p.remotes, at)
		}
	}
}

// hasWork reports whether the link still has something to do. The caller holds
// the peer's lock.
func (l *link) hasWork() bool {
	r := l.remote
	return len(l.slots) > 0 || len(l.acks) > 0 || r.waiting != nil || len(r.queue) > 0
}
