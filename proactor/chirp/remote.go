package chirp

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// batchSize is how many bytes of messages are written at once. It is large
// enough to save system calls, and small enough to distinguish a failed write
// from a slow one.
const batchSize = 64 << 10

// remote is another node, identified by family, address and the port in its
// handshake. The peer's lock guards all its fields.
type remote struct {
	at      netip.AddrPort
	listens bool // the peer can connect to it
	node    ID   // zero until its first handshake
	serial  uint32

	queue   []*Future // not written yet
	waiting *Future   // written, waits for its ACK
	failed  ID        // the last message whose ACK did not arrive in time; it may still arrive

	link    *link // over which its messages are written
	dialing bool
	gone    time.Time // since when it has no link
}

// remoteAt returns the remote at that address, and makes it if necessary. The
// caller holds the peer's lock.
func (p *Peer) remoteAt(at netip.AddrPort, listens bool) *remote {
	r := p.remotes[at]
	if r == nil {
		r = &remote{at: at, listens: listens, serial: rand.Uint32(), gone: time.Now()}
		p.remotes[at] = r
	}
	return r
}

// takeBatch removes what is to be written next: one message when sync,
// otherwise as many as make a batch.
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

// dropQueued removes the first n messages of the queue, and frees the memory of
// an empty queue.
func (r *remote) dropQueued(n int) {
	clear(r.queue[:n])
	if r.queue = r.queue[n:]; len(r.queue) == 0 {
		r.queue = nil
	}
}

// putBack puts messages of which no byte was written back at the front of the
// queue.
func (r *remote) putBack(fs []*Future) {
	if len(fs) > 0 {
		r.queue = append(append([]*Future(nil), fs...), r.queue...)
	}
}

// countWritten divides a batch of which n bytes were written before the write
// failed. The operating system has the first done messages. The next message is
// the failed one, even if no byte of it was written. The rest was not tried.
func countWritten(batch []*Future, n int) (done int) {
	for done < len(batch)-1 && n >= batch[done].message.wireSize() {
		n -= batch[done].message.wireSize()
		done++
	}
	return done
}

// flushRemote makes sure that queued messages get written. The caller holds the
// peer's lock.
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

// failQueue fails all queued messages with the same error. The caller holds the
// peer's lock.
func (p *Peer) failQueue(r *remote, err error) {
	queue := r.queue
	r.queue = nil
	for _, f := range queue {
		p.finishFuture(f, err)
	}
}

// failWaiting fails the message that waits for its ACK on l, if there is one.
// The caller holds the peer's lock.
func (p *Peer) failWaiting(l *link, err error) {
	r := l.remote
	if f := r.waiting; f != nil && f.link == l {
		r.waiting, r.failed = nil, f.message.Identity
		p.finishFuture(f, err)
	}
}
