package chirp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

var (
	errIdle = errors.New("connection was idle")
	errLost = errors.New("connection was lost")
)

// link is one connection of a peer, after its handshakes. Two goroutines serve
// it, readMessages and runWriter. The first that finds a reason to end calls
// closeLink, which ends both. A remote has one link that is written to. A
// replaced link is still read, and acknowledges what it received, until it is
// idle.
type link struct {
	peer   *Peer
	remote *remote
	node   ID // from the handshake
	raw    net.Conn
	nc     net.Conn // raw, or TLS over raw
	reader *frameReader
	slots  chan struct{} // holds one token for each slot that is taken
	wakeup chan struct{}
	done   chan struct{}
	used   atomic.Int64 // the time of the last read or write, in Unix nanoseconds

	// The peer's lock guards these fields.
	acks   []ID
	ended  bool
	reason error       // why the link ended
	timer  *time.Timer // of the message that waits for its ACK

	// Only runWriter uses these fields.
	claimed []ID // acknowledged by the next write
	batch   []*Future
	buf     []byte
}

func newLink(p *Peer, raw, nc net.Conn, reader *frameReader) *link {
	l := &link{
		peer: p, raw: raw, nc: nc, reader: reader,
		slots:  make(chan struct{}, p.config.Slots),
		wakeup: make(chan struct{}, 1),
		done:   make(chan struct{}),
	}
	l.markUsed()
	return l
}

func (l *link) markUsed() { l.used.Store(time.Now().UnixNano()) }

// idleTime returns how long nothing was read or written.
func (l *link) idleTime(now time.Time) time.Duration { return now.Sub(time.Unix(0, l.used.Load())) }

// wakeWriter tells runWriter that there may be something to write.
func (l *link) wakeWriter() {
	select {
	case l.wakeup <- struct{}{}:
	default:
	}
}

// closeLink closes the link and fails exactly the messages that were under way
// on it. The caller holds the peer's lock. Only the raw connection is closed,
// because TLS would write first.
func (l *link) closeLink(reason error) {
	if l.ended {
		return
	}
	l.ended, l.reason = true, reason
	close(l.done)
	l.raw.Close()
	l.acks = nil
	if l.timer != nil {
		l.timer.Stop()
	}
	p := l.peer
	delete(p.links, l)
	p.failWaiting(l, reason)
	if l.remote.link == l {
		l.remote.link, l.remote.gone = nil, time.Now()
	}
	p.flushRemote(l.remote)
}

// failLink is closeLink for a caller that does not hold the lock.
func (l *link) failLink(reason error) {
	l.peer.mu.Lock()
	first := !l.ended
	l.closeLink(reason)
	l.peer.mu.Unlock()
	if first {
		l.peer.config.Logger.Debug("connection ends", "remote", l.remote.at, "reason", reason)
	}
}

// runWriter is the link's writing goroutine.
func (l *link) runWriter() {
	for {
		if !l.prepareBatch() {
			select {
			case <-l.wakeup:
				continue
			case <-l.done:
				return
			}
		}
		l.nc.SetWriteDeadline(time.Now().Add(l.peer.config.Timeout))
		n, err := l.nc.Write(l.buf)
		if err != nil {
			err = fmt.Errorf("write: %w", err)
		}
		l.finishBatch(n, err)
		if err != nil {
			l.failLink(err)
			return
		}
	}
}

// prepareBatch encodes what is to be written: ACKs, then a probe if the
// connection was idle for long, then messages. It returns false when there is
// nothing to write.
func (l *link) prepareBatch() bool {
	probing, serial := l.claimBatch()
	l.buf = l.buf[:0]
	for _, id := range l.claimed {
		l.buf = (&Message{Identity: id, Type: Ack}).appendTo(l.buf)
	}
	if probing {
		l.buf = (&Message{Type: Noop}).appendTo(l.buf)
	}
	for _, f := range l.batch {
		l.buf = f.message.appendTo(l.buf)
	}
	numberMessages(l.buf, serial)
	return len(l.buf) > 0
}

// claimBatch takes what is to be written, and serials for it. The bytes are
// encoded later without the lock, so that the peer does not wait while a large
// message is copied.
func (l *link) claimBatch() (probing bool, serial uint32) {
	p, r := l.peer, l.remote
	p.mu.Lock()
	defer p.mu.Unlock()
	l.claimed, l.batch = l.claimed[:0], l.batch[:0]
	if l.ended {
		return false, 0
	}
	l.claimed, l.acks = l.acks, l.claimed
	if r.link == l {
		l.batch = r.takeBatch(!p.config.Async, l.batch)
	}
	now := time.Now()
	serial = r.serial
	r.serial += uint32(len(l.claimed) + len(l.batch))
	if len(l.batch) > 0 {
		if probing = actionAfterIdle(l.idleTime(now), p.config.ReuseTime) == probeFirst; probing {
			r.serial++
		}
		if !p.config.Async {
			l.expectAck(l.batch[0], now)
		}
	}
	if len(l.claimed)+len(l.batch) > 0 {
		l.markUsed()
	}
	return probing, serial
}

// expectAck starts the timeout of a message for its write and its ACK. The
// caller holds the peer's lock.
func (l *link) expectAck(f *Future, now time.Time) {
	f.message.Type, f.link, f.began = ReqAck, l, now
	if l.timer == nil {
		l.timer = time.AfterFunc(l.peer.config.Timeout, l.ackOverdue)
	} else {
		l.timer.Reset(l.peer.config.Timeout)
	}
}

// ackOverdue closes the link when its message has waited too long. The timer
// may have fired for the message before; the present message then has time
// left.
func (l *link) ackOverdue() {
	p := l.peer
	p.mu.Lock()
	defer p.mu.Unlock()
	f := l.remote.waiting
	if f == nil || f.link != l || time.Since(f.began) < p.config.Timeout {
		return
	}
	l.closeLink(fmt.Errorf("no ACK within %v: %w", p.config.Timeout, os.ErrDeadlineExceeded))
}

// finishBatch settles the batch of an asynchronous peer. After a failed write,
// the messages that were written completely succeed, one message fails, and the
// rest, of which no byte was written, waits for the next connection.
func (l *link) finishBatch(n int, err error) {
	p := l.peer
	if cap(l.buf) > maxKeptBuffer {
		defer func() { l.buf = nil }()
	}
	if !p.config.Async || len(l.batch) == 0 {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	done := len(l.batch)
	if err != nil {
		done = countWritten(l.batch, n-(len(l.buf)-batchBytes(l.batch)))
	}
	for _, f := range l.batch[:done] {
		p.finishFuture(f, nil)
	}
	if done < len(l.batch) {
		if l.ended { // closeLink caused the write error: report its reason
			err = l.reason
		}
		p.finishFuture(l.batch[done], err)
		l.remote.putBack(l.batch[done+1:])
		p.flushRemote(l.remote)
	}
	clear(l.batch)
}

// batchBytes returns the size of the batch on the wire.
func batchBytes(batch []*Future) (n int) {
	for _, f := range batch {
		n += f.message.wireSize()
	}
	return n
}
