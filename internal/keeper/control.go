package keeper

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// outputRoom bounds, in bytes, the KindOutput events that wait for an initiator
// that does not read. Further lines are dropped and counted. Other events are
// few (each belongs to a process or an order) and are never dropped, and neither
// are lines that the initiator acknowledges.
const outputRoom = 1 << 20

// controlConn is the keeper's end of the socket to the initiator.
type controlConn struct {
	loop          *loop
	fd            int // -1 once the initiator has gone
	in            frames
	receivedBytes int64         // since the connection began
	received      []receivedFDs // descriptors that no frame has claimed yet

	out          []queued
	queuedOutput int  // bytes of KindOutput events in out
	blocked      bool // the socket is full; the poller reports when it is not
}

// receivedFDs holds the descriptors that came while the bytes from … to were
// received. The kernel never delivers descriptors of two sends in one receive,
// and ends a receive with the bytes of the send that carried them. So they
// belong to the only frame with descriptors that begins between from and to.
// When the descriptor limit has cut the list to nothing, its frame gets no
// descriptor, and no other frame gets them.
type receivedFDs struct {
	from, to int64
	fds      []int
}

type queued struct {
	frame  []byte
	output bool
}

// handleReady receives bytes from the initiator. One order is carried out in
// each turn of the loop, so that a thousand orders do not delay an exit.
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

// hasOrder reports whether a whole order waits in the buffer.
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
		// The rest of the stream cannot be trusted: the keeper acts as if the
		// initiator had died.
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

// claimFD returns the descriptor that came with the frame that began at start,
// or -1. It closes descriptors that no frame can claim any more.
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

// carryOut does what an order asks. It reports whether it took fd.
func (l *loop) carryOut(m *message, fd int) (taken bool) {
	if l.pendingSpawns[key{m.GUID, m.Incarnation}] != nil && m.Op != opSpawn || m.Op == opClose || m.Op == opAdopt {
		l.awaitSpawns() // the order is about a process that is being forked
	}
	op := m.Op
	if came := opVersion[op]; came > 0 && came > ownVersion() {
		op = "" // an older keeper does not know it
	}
	switch op {
	case opSpawn:
		l.startSpawn(m, fd)
	case opHold:
		return l.holdSocket(m.GUID, fd)
	case opShare:
		l.shareSocket(m.GUID, m.From)
	case opRelease:
		l.releaseSocket(m.GUID)
	case opEnd:
		if m.End != nil {
			l.endWorker(*m.End, time.Now())
		}
	case opSignal:
		l.signalWorker(key{m.GUID, m.Incarnation}, unix.Signal(m.Signal), m.MainOnly)
	case opMain:
		l.replaceMain(key{m.GUID, m.Incarnation}, m.PID)
	case opWatch:
		l.watchOutput(m.GUID, m.On, m.Await)
		l.setFlow(m.GUID, m.Flow)
	case opTaken:
		if f := l.flows.byKey[flowKey{m.GUID, m.Stream}]; f != nil {
			f.acknowledge(m.Sent)
		}
	case opPause:
		l.pauseFlows(m.On)
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

// shareSocket holds a copy of the socket of another worker.
func (l *loop) shareSocket(guid, from string) {
	fd := -1
	if held, ok := l.held[from]; ok && guid != from {
		fd, _ = unix.FcntlInt(uintptr(held), unix.F_DUPFD_CLOEXEC, 3) // -1 on an error
	}
	if !l.holdSocket(guid, fd) && fd >= 0 {
		unix.Close(fd)
	}
}

func (l *loop) releaseSocket(guid string) {
	if fd, ok := l.held[guid]; ok {
		unix.Close(fd)
		delete(l.held, guid)
	}
}

// queueEvent records and queues one event. It returns false when the event was
// dropped, which happens to KindOutput only.
func (c *controlConn) queueEvent(e Event) bool {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if !c.loop.recordEvent(&e) {
		return false
	}
	return c.fd < 0 || c.queueFrame(e)
}

// queueFrame queues an event that was recorded already.
func (c *controlConn) queueFrame(e Event) bool {
	output := e.Kind == KindOutput && e.Sent == 0 // acknowledged output is bounded by flowRoom
	if output && c.queuedOutput > outputRoom {
		return false
	}
	e.packLines()
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

// flushEvents writes as much as the socket takes, once the lines that were read
// before these events are in their files. It never blocks for longer than
// logPatience.
func (c *controlConn) flushEvents() {
	c.loop.awaitLogs()
	for len(c.out) > 0 && c.fd >= 0 {
		q := &c.out[0]
		n, err := unix.Write(c.fd, q.frame)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			if err != unix.EAGAIN {
				c.out, c.queuedOutput = nil, 0 // handleReady will see that the initiator has gone
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
