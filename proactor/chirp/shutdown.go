package chirp

import (
	"math/rand/v2"
	"time"
)

// resetRemote forgets what was shared with a node that is no more: its links, the
// message that waits for its ACK, the count of messages. The lock is held.
func (p *Peer) resetRemote(r *remote) {
	for l := range p.links {
		if l.remote == r && l != r.link {
			l.closeLink(ErrRestarted)
		}
	}
	r.serial, r.failed = rand.Uint32(), ID{}
}

// Shutdown ends the peer. With wait, it accepts no connection and no message
// any more, lets the handlers finish, and send, however long they take, and gives
// what is on its way and what is unreleased one Timeout more; a handler must not call it so, for it
// would wait for itself. Without wait, or when another call without wait comes,
// it closes everything at once: futures and requests fail with ErrShutdown, and
// a handler that runs is left to its end. It may be called again and again;
// every call returns when the peer has no goroutine left, handlers apart, and
// with the same error: nil, or ErrUnreleased.
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

// hurryShutdown makes a Shutdown that waits go on; the lock is held.
func (p *Peer) hurryShutdown() {
	select {
	case <-p.hurry:
	default:
		close(p.hurry)
	}
}

// signalQuiet tells Shutdown that nothing is under way; the lock is held.
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

// drainAndStop is Shutdown for the first who calls it.
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

// markHandlersDone says that no handler will send or release any more.
func (p *Peer) markHandlersDone() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handlersDone = true
	p.signalQuiet()
}

// idleHandlers is closed when no handler runs and none is queued.
func (p *Peer) idleHandlers() <-chan struct{} {
	idle := make(chan struct{})
	go func() { // ends with the handlers
		p.pool.wg.Wait()
		close(idle)
	}()
	return idle
}

// waitEvent waits for an event, a limit, or for who is in a hurry; true: the event.
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

// closeEverything closes everything and gives every future its outcome.
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

// releaseAll frees the slots that nobody has released. That is an error when
// Shutdown had the time to wait for them; the lock is held.
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
