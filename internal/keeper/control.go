package keeper

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// outputRoom bounds, in bytes, the Output events that wait for an initiator
// that does not read. Beyond it they are dropped and counted. Other events
// are few (each belongs to a process or an order) and are never dropped.
const outputRoom = 1 << 20

// controlConn is the keeper's end of the socket to the initiator.
type controlConn struct {
	loop          *loop
	fd            int // -1 once the initiator is gone
	in            frames
	receivedBytes int64         // bytes received
	received      []receivedFDs // descriptors not yet claimed by a frame

	out          []queued
	queuedOutput int  // bytes of Output events in out
	blocked      bool // the socket is full; the poller tells when it is not
}

// receivedFDs is descriptors that came while the bytes from … to were received.
// The kernel never hands over two parcels in one receive, and ends a receive
// with the piece that carried one: so a parcel belongs to the one frame with
// descriptors that begins within. A parcel that the descriptor limit emptied
// leaves its frame without, and no other frame gets its descriptors.
type receivedFDs struct {
	from, to int64
	fds      []int
}

type queued struct {
	frame  []byte
	output bool
}

// handleReady receives what has come. Orders are carried out one a turn, so that a
// thousand of them do not hold up an exit.
func (c *controlConn) handleReady(l *loop) {
	if c.blocked {
		c.flushEvents()
	}
	if c.hasOrder() {
		return
	}
	buf, oob := l.buf, make([]byte, unix.CmsgSpace(4*8))
	n, oobn, _, _, err := receiveMessage(c.fd, buf, oob)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return
	}
	if err != nil || n == 0 {
		l.handleDisconnect()
		return
	}
	if fds := parseRights(oob[:oobn]); len(fds) > 0 {
		c.received = append(c.received, receivedFDs{c.receivedBytes, c.receivedBytes + int64(n), fds})
	}
	c.receivedBytes += int64(n)
	c.in.feed(buf[:n])
}

func parseRights(oob []byte) (fds []int) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for i := range messages {
		if list, err := unix.ParseUnixRights(&messages[i]); err == nil {
			fds = append(fds, list...)
		}
	}
	return fds
}

// hasOrder reports whether a whole order waits.
func (c *controlConn) hasOrder() bool {
	if len(c.in.buf) < 4 || c.fd < 0 {
		return false
	}
	n, err := frameLength(c.in.buf)
	return err != nil || len(c.in.buf) >= 4+n
}

// handleOrder carries out one order.
func (c *controlConn) handleOrder(l *loop) {
	if !c.hasOrder() {
		return
	}
	var m message
	body, start, err := c.in.next()
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		// Nothing after this can be trusted: as if the initiator had died.
		c.queueEvent(Event{Kind: KindWarning, Error: fmt.Sprintf("read order: %v", err)})
		c.flushEvents()
		l.handleDisconnect()
		return
	}
	fd := c.claimFD(start, m.FDs)
	if !l.carryOut(&m, fd) && fd >= 0 {
		unix.Close(fd)
	}
	l.noteActivity()
}

// claimFD gives the descriptor that came with the frame that began at start, or
// -1, and closes those that nobody can claim any more.
func (c *controlConn) claimFD(start int64, wanted int) int {
	fd := -1
	for len(c.received) > 0 && c.received[0].from <= start {
		p := &c.received[0]
		if start < p.to {
			if wanted > 0 && len(p.fds) > 0 {
				fd, p.fds = p.fds[0], p.fds[1:]
			}
			break
		}
		for _, unclaimed := range p.fds {
			unix.Close(unclaimed)
		}
		c.received = c.received[1:]
	}
	return fd
}

// carryOut does what a message asks; it reports whether it took fd.
func (l *loop) carryOut(m *message, fd int) (taken bool) {
	if l.pendingSpawns[key{m.GUID, m.Incarnation}] != nil && m.Op != opSpawn || m.Op == opClose || m.Op == opAdopt {
		l.awaitSpawns() // it is about a process that is on its way
	}
	op := m.Op
	if came := opVersion[op]; came > 0 && came > ownVersion() {
		op = "" // an older keeper has never heard of it
	}
	switch op {
	case opSpawn:
		l.startSpawn(m, fd)
	case opHold:
		return l.holdSocket(m.GUID, fd)
	case opRelease:
		l.releaseSocket(m.GUID)
	case opEnd:
		if m.End != nil {
			l.endWorker(*m.End, time.Now())
		}
	case opSignal:
		l.signalGroup(key{m.GUID, m.Incarnation}, unix.Signal(m.Signal))
	case opWatch:
		l.watchOutput(m.GUID, m.On, m.Await)
	case opReopen:
		l.reopenLogs()
	case opClear:
		l.clearLogs(m)
	case opHandoverSocket:
		return l.setHandoverSocket(m, fd)
	case opSnapshot:
		l.saveSnapshot(m)
	case opKeepAll:
		l.keepAllUntil = time.Now().Add(m.Grace)
	case opAdopt:
		if m.Adopt != nil {
			l.adoptProcess(m)
		}
	case opSync:
		l.ctl.queueEvent(Event{Kind: KindSynced})
	case opClose:
		l.beginShutdown(true, time.Now())
	default:
		l.ctl.queueEvent(Event{Kind: KindWarning, Error: fmt.Sprintf("order %q: this keeper (version %d) does not know it", m.Op, ownVersion())})
	}
	return false
}

// holdSocket keeps a socket for all incarnations of guid.
func (l *loop) holdSocket(guid string, fd int) (taken bool) {
	if fd < 0 || l.nearFDLimit(fd) {
		l.ctl.queueEvent(Event{Kind: KindWarning, GUID: guid, Error: "hold socket: " + tooManyFiles})
		return false
	}
	l.releaseSocket(guid)
	l.held[guid] = fd
	return true
}

func (l *loop) releaseSocket(guid string) {
	if fd, ok := l.held[guid]; ok {
		unix.Close(fd)
		delete(l.held, guid)
	}
}

// queueEvent queues one event; it reports false when it was dropped, which happens
// to Output only.
func (c *controlConn) queueEvent(e Event) bool {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if !c.loop.recordEvent(&e) {
		return false
	}
	return c.fd < 0 || c.queueFrame(e)
}

// queueFrame is event for one that was remembered already.
func (c *controlConn) queueFrame(e Event) bool {
	output := e.Kind == KindOutput
	if output && c.queuedOutput > outputRoom {
		return false
	}
	frame, err := encodeFrame(e)
	if err != nil {
		return false
	}
	if output {
		c.queuedOutput += len(frame)
	}
	c.out = append(c.out, queued{frame, output})
	return true
}

// flushEvents writes as much as the socket takes. It never blocks.
func (c *controlConn) flushEvents() {
	for len(c.out) > 0 && c.fd >= 0 {
		q := &c.out[0]
		n, err := unix.Write(c.fd, q.frame)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			if err != unix.EAGAIN {
				c.out, c.queuedOutput = nil, 0 // the reading side will see the end
			}
			break
		}
		if q.output {
			c.queuedOutput -= n
		}
		if q.frame = q.frame[n:]; len(q.frame) > 0 {
			break
		}
		c.out = c.out[1:]
	}
	if len(c.out) == 0 {
		c.out = nil
	}
	if blocked := len(c.out) > 0; blocked != c.blocked && c.fd >= 0 {
		c.blocked = blocked
		c.loop.poll.changeFD(c.fd, blocked)
	}
}
