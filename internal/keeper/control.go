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

// control is the keeper's end of the socket to the initiator.
type control struct {
	loop   *loop
	fd     int // -1 once the initiator is gone
	in     frames
	seen   int64    // bytes received
	parcel []parcel // descriptors not yet claimed by a frame

	out       []queued
	outOutput int  // bytes of Output events in out
	blocked   bool // the socket is full; the poller tells when it is not
}

// parcel is descriptors that came while the bytes from … to were received.
// The kernel never hands over two parcels in one receive, and ends a receive
// with the piece that carried one: so a parcel belongs to the one frame with
// descriptors that begins within. A parcel that the descriptor limit emptied
// leaves its frame without, and no other frame gets its descriptors.
type parcel struct {
	from, to int64
	fds      []int
}

type queued struct {
	frame  []byte
	output bool
}

// ready receives what has come. Orders are carried out one a turn, so that a
// thousand of them do not hold up an exit.
func (c *control) ready(l *loop) {
	if c.blocked {
		c.flush()
	}
	if c.pending() {
		return
	}
	buf, oob := l.buf, make([]byte, unix.CmsgSpace(4*8))
	n, oobn, _, _, err := recvmsg(c.fd, buf, oob)
	if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
		return
	}
	if err != nil || n == 0 {
		l.initiatorGone()
		return
	}
	if fds := rights(oob[:oobn]); len(fds) > 0 {
		c.parcel = append(c.parcel, parcel{c.seen, c.seen + int64(n), fds})
	}
	c.seen += int64(n)
	c.in.feed(buf[:n])
}

func rights(oob []byte) (fds []int) {
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

// pending reports whether a whole order waits.
func (c *control) pending() bool {
	if len(c.in.buf) < 4 || c.fd < 0 {
		return false
	}
	n, err := frameLength(c.in.buf)
	return err != nil || len(c.in.buf) >= 4+n
}

// handleOne carries out one order.
func (c *control) handleOne(l *loop) {
	if !c.pending() {
		return
	}
	var m message
	body, start, err := c.in.next()
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		// Nothing after this can be trusted: as if the initiator had died.
		c.event(Event{Kind: KindWarning, Error: fmt.Sprintf("read order: %v", err)})
		c.flush()
		l.initiatorGone()
		return
	}
	fd := c.claim(start, m.FDs)
	if !l.carryOut(&m, fd) && fd >= 0 {
		unix.Close(fd)
	}
	l.busy()
}

// claim gives the descriptor that came with the frame that began at start, or
// -1, and closes those that nobody can claim any more.
func (c *control) claim(start int64, wanted int) int {
	fd := -1
	for len(c.parcel) > 0 && c.parcel[0].from <= start {
		p := &c.parcel[0]
		if start < p.to {
			if wanted > 0 && len(p.fds) > 0 {
				fd, p.fds = p.fds[0], p.fds[1:]
			}
			break
		}
		for _, unclaimed := range p.fds {
			unix.Close(unclaimed)
		}
		c.parcel = c.parcel[1:]
	}
	return fd
}

// carryOut does what a message asks; it reports whether it took fd.
func (l *loop) carryOut(m *message, fd int) (taken bool) {
	if l.unborn[key{m.GUID, m.Incarnation}] != nil && m.Op != opSpawn || m.Op == opClose || m.Op == opAdopt {
		l.awaitBirths() // it is about a process that is on its way
	}
	op := m.Op
	if came := since[op]; came > 0 && came > ours() {
		op = "" // an older keeper has never heard of it
	}
	switch op {
	case opSpawn:
		l.spawn(m, fd)
	case opHold:
		return l.hold(m.GUID, fd)
	case opRelease:
		l.release(m.GUID)
	case opEnd:
		if m.End != nil {
			l.endWorker(*m.End, time.Now())
		}
	case opSignal:
		l.signalGroup(key{m.GUID, m.Incarnation}, unix.Signal(m.Signal))
	case opWatch:
		l.watch(m.GUID, m.On, m.Await)
	case opReopen:
		l.reopen()
	case opClear:
		l.clear(m)
	case opMeet:
		return l.meet(m, fd)
	case opMemo:
		l.deposit(m)
	case opStay:
		l.stay = time.Now().Add(m.Grace)
	case opAdopt:
		if m.Adopt != nil {
			l.foster(m)
		}
	case opSync:
		l.ctl.event(Event{Kind: KindSynced})
	case opClose:
		l.farewell(true, time.Now())
	default:
		l.ctl.event(Event{Kind: KindWarning, Error: fmt.Sprintf("order %q: this keeper (version %d) does not know it", m.Op, ours())})
	}
	return false
}

// hold keeps a socket for all incarnations of guid.
func (l *loop) hold(guid string, fd int) (taken bool) {
	if fd < 0 || l.crowded(fd) {
		l.ctl.event(Event{Kind: KindWarning, GUID: guid, Error: "hold socket: " + tooManyFiles})
		return false
	}
	l.release(guid)
	l.held[guid] = fd
	return true
}

func (l *loop) release(guid string) {
	if fd, ok := l.held[guid]; ok {
		unix.Close(fd)
		delete(l.held, guid)
	}
}

// event queues one event; it reports false when it was dropped, which happens
// to Output only.
func (c *control) event(e Event) bool {
	if e.At.IsZero() {
		e.At = time.Now()
	}
	if !c.loop.remember(&e) {
		return false
	}
	return c.fd < 0 || c.send(e)
}

// send is event for one that was remembered already.
func (c *control) send(e Event) bool {
	output := e.Kind == KindOutput
	if output && c.outOutput > outputRoom {
		return false
	}
	frame, err := encodeFrame(e)
	if err != nil {
		return false
	}
	if output {
		c.outOutput += len(frame)
	}
	c.out = append(c.out, queued{frame, output})
	return true
}

// flush writes as much as the socket takes. It never blocks.
func (c *control) flush() {
	for len(c.out) > 0 && c.fd >= 0 {
		q := &c.out[0]
		n, err := unix.Write(c.fd, q.frame)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			if err != unix.EAGAIN {
				c.out, c.outOutput = nil, 0 // the reading side will see the end
			}
			break
		}
		if q.output {
			c.outOutput -= n
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
		c.loop.poll.change(c.fd, blocked)
	}
}
