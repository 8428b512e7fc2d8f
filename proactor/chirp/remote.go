package chirp

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// batchSize is how many bytes of messages are written at once: enough to spare
// system calls, little enough that a failed write is told from a slow one.
const batchSize = 64 << 10

// remote is a node that we talk to, found by family, address and the port that
// its handshake names. Everything in it is the peer's, under its lock.
type remote struct {
	at      netip.AddrPort
	listens bool // can be dialed
	node    ID   // zero until its first handshake
	serial  uint32

	queue   []*Future // not written yet
	waiting *Future   // written, its ACK is to come
	failed  ID        // the last that waited in vain: its ACK may be on the way

	link    *link // that its messages are written to
	dialing bool
	gone    time.Time // since when it has no link
}

// remoteAt finds or makes the remote; the peer's lock is held.
func (p *Peer) remoteAt(at netip.AddrPort, listens bool) *remote {
	r := p.remotes[at]
	if r == nil {
		r = &remote{at: at, listens: listens, serial: rand.Uint32(), gone: time.Now()}
		p.remotes[at] = r
	}
	return r
}

// takeBatch removes what is to be written next: one message when sync, as many as
// make a batch when not.
func (r *remote) takeBatch(sync bool, buf []*Future) []*Future {
	if sync {
		if r.waiting != nil || len(r.queue) == 0 {
			return buf
		}
		r.waiting = r.queue[0]
		buf = append(buf, r.waiting)
		r.dropQueued(1)
		return buf
	}
	size, n := 0, 0
	for n < len(r.queue) && (n == 0 || size+r.queue[n].message.wireSize() <= batchSize) {
		size += r.queue[n].message.wireSize()
		n++
	}
	buf = append(buf, r.queue[:n]...)
	r.dropQueued(n)
	return buf
}

// dropQueued removes the first n of the queue and lets go of an empty one's memory.
func (r *remote) dropQueued(n int) {
	clear(r.queue[:n])
	if r.queue = r.queue[n:]; len(r.queue) == 0 {
		r.queue = nil
	}
}

// putBack queues messages of which no byte was written, ahead of the others.
func (r *remote) putBack(fs []*Future) {
	if len(fs) > 0 {
		r.queue = append(append([]*Future(nil), fs...), r.queue...)
	}
}

// countWritten divides a batch of which n bytes were written before it failed: the
// first done messages are with the operating system; the next one is what
// failed, although no byte of it may have gone; the rest was never tried.
func countWritten(batch []*Future, n int) (done int) {
	for done < len(batch)-1 && n >= batch[done].message.wireSize() {
		n -= batch[done].message.wireSize()
		done++
	}
	return done
}

// flushRemote sees to it that what is queued gets written; the peer's lock is held.
func (p *Peer) flushRemote(r *remote) {
	switch {
	case p.stopped:
		p.failQueue(r, ErrShutdown)
	case r.link != nil:
		r.link.wakeWriter()
	case len(r.queue) == 0 || r.dialing:
	case !r.listens:
		p.failQueue(r, ErrUnreachable)
	default:
		r.dialing = true
		p.wg.Go(func() { p.dialRemote(r) })
	}
}

// failQueue gives all that is queued the same outcome; the peer's lock is held.
func (p *Peer) failQueue(r *remote, err error) {
	queue := r.queue
	r.queue = nil
	for _, f := range queue {
		p.finishFuture(f, err)
	}
}

// failWaiting fails the one message that waits for its ACK on l, if one does;
// the peer's lock is held.
func (p *Peer) failWaiting(l *link, err error) {
	r := l.remote
	if f := r.waiting; f != nil && f.link == l {
		r.waiting, r.failed = nil, f.message.Identity
		p.finishFuture(f, err)
	}
}
