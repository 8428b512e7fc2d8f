package chirp

import (
	"math/rand/v2"
	"time"
)

// resetRemote forgets the state shared with an earlier run of a node: its
// links, the message that waits for its ACK, and the serial. The caller holds
// the lock.
func (p *Peer) resetRemote(r *remote) {
	for l := range p.links {
		if l.remote == r && l != r.link {
			l.closeLink(ErrRestarted)
		}
	}
	r.serial, r.failed = rand.Uint32(), ID{}
}

// Shutdown ends the peer.
//
// With wait, the peer accepts no more connections and messages. It lets the
// handlers finish, and send, however long they take. Messages under way and
// unreleased messages then have one more Timeout. A handler must not call
// Shutdown(true), because it would wait for itself.
//
// Without wait, or when another call without wait comes, the peer closes
// everything at once: futures and requests fail with ErrShutdown. A running
// handler is not interrupted.
//
// Shutdown may be called more than once. Every call returns when the peer has
// no goroutine left except handlers, and with the same error: nil, or
// ErrUnreleased.
func (p *Peer) Shutdown(wait bool) error {
	p.mu.Lock()
	first := !p.draining
	p.draining = true
	if first {
		p.end.Add(1)
		for _, nl := range p.listeners {
			nl.Close()
		}
	}
	if !wait {
		p.hurryShutdown()
	}
	p.mu.Unlock()
	if first {
		p.endErr = p.drainAndStop()
		p.end.Done()
	}
	p.end.Wait()
	return p.endErr
}

// hurryShutdown makes a waiting Shutdown continue at once. The caller holds the
// lock.
func (p *Peer) hurryShutdown() {
	select {
	case <-p.hurry:
	default:
		close(p.hurry)
	}
}

// signalQuiet tells Shutdown when nothing is under way. The caller holds the
// lock.
func (p *Peer) signalQuiet() {
	if !p.handlersDone || p.pending > 0 || len(p.slots) > 0 || len(p.requests) > 0 {
		return
	}
	select {
	case <-p.quiet:
	default:
		close(p.quiet)
	}
}

// drainAndStop does the work of the first Shutdown.
func (p *Peer) drainAndStop() error {
	if p.waitEvent(p.idleHandlers(), nil) {
		p.markHandlersDone()
		limit := time.NewTimer(p.config.Timeout)
		p.waitEvent(p.quiet, limit.C)
		limit.Stop()
	}
	err := p.closeEverything()
	p.wg.Wait()
	return err
}

// markHandlersDone notes that no handler will send or release any more.
func (p *Peer) markHandlersDone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handlersDone = true
	p.signalQuiet()
}

// idleHandlers returns a channel that is closed when no handler runs and none
// is queued.
func (p *Peer) idleHandlers() <-chan struct{} {
	idle := make(chan struct{})
	go func() { // ends with the handlers
		p.pool.wg.Wait()
		close(idle)
	}()
	return idle
}

// waitEvent waits for event and returns true. It returns false at limit, and
// when Shutdown must not wait.
func (p *Peer) waitEvent(event <-chan struct{}, limit <-chan time.Time) bool {
	select {
	case <-p.hurry:
		return false
	default:
	}
	select {
	case <-event:
		return true
	case <-limit:
	case <-p.hurry:
	}
	return false
}

// closeEverything closes all connections and gives every future its outcome.
func (p *Peer) closeEverything() error {
	p.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	for l := range p.links {
		l.closeLink(ErrShutdown)
	}
	for _, r := range p.remotes {
		p.failQueue(r, ErrShutdown)
	}
	for _, r := range p.requests {
		p.settleRequest(r, nil, ErrShutdown)
	}
	return p.releaseAll()
}

// releaseAll releases the slots that the program did not release. It returns
// ErrUnreleased when Shutdown has waited for them. The caller holds the lock.
func (p *Peer) releaseAll() error {
	left := len(p.slots)
	for s := range p.slots {
		p.releaseSlot(s)
	}
	select {
	case <-p.hurry:
		return nil
	default:
	}
	if left > 0 {
		return ErrUnreleased
	}
	return nil
}
