package keeper

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// handoverSocket is the listening socket at which the next initiator finds this
// keeper. The zero value: there is none, and nobody can come back.
type handoverSocket struct {
	fd   int // 0 = none
	path string
	dev  uint64 // of the socket in the file system, so that a successor's is
	ino  uint64 // not removed for ours
}

// handoverWindow is the time between two initiators.
type handoverWindow struct {
	began        time.Time
	keepAllUntil time.Time // until then everything is held, for an upgrade
	emptySince   time.Time // since when nothing lives; zero = something does
	grace        time.Duration
	next         time.Time // when to look again; zero = only when something happens
}

// setHandoverSocket takes the socket of the meeting place.
func (l *loop) setHandoverSocket(m *message, fd int) (taken bool) {
	if fd < 0 || l.handover.fd != 0 || l.nearFDLimit(fd) {
		return false
	}
	l.handover = handoverSocket{fd: fd, path: m.Path, dev: m.Dev, ino: m.Ino}
	return true
}

// openWindow begins a gap; false when there is nothing to hold, or nobody could
// ever come for it.
func (l *loop) openWindow(now time.Time) bool {
	memos, grace := l.keptSnapshots()
	if l.handover.fd == 0 || !memos && !l.hasKept() && !now.Before(l.keepAllUntil) {
		return false
	}
	if unix.SetNonblock(l.handover.fd, true) != nil || l.watchFD(l.handover.fd, l) != nil {
		return false
	}
	l.window = &handoverWindow{began: now, keepAllUntil: l.keepAllUntil, grace: grace}
	l.keepAllUntil = time.Time{}
	for guid := range l.watched {
		if l.snapshots[guid] == nil {
			l.watchOutput(guid, false, false)
		}
	}
	l.checkWindow(now)
	return true
}

// checkWindow does what a gap asks for: what is not kept is ended, and when
// nothing has lived for long enough, so is the keeper.
func (l *loop) checkWindow(now time.Time) {
	g := l.window
	g.next = time.Time{}
	if now.Before(g.keepAllUntil) {
		g.next = g.keepAllUntil
		return
	}
	l.dropUnkeptSnapshots()
	for guid := range l.held {
		if m := l.snapshots[guid]; m == nil && !l.hasKeptWorker(guid) {
			l.releaseSocket(guid)
		}
	}
	for _, c := range l.workers {
		if !c.keep && (c.end == nil || c.end.rank < 2) {
			l.endWorker(EndOrder{GUID: c.guid, Incarnation: c.incarnation, Signal: int(unix.SIGKILL)}, now)
		}
	}
	l.checkWindowEmpty(now)
}

func (l *loop) checkWindowEmpty(now time.Time) {
	g := l.window
	switch {
	case len(l.byPID)+len(l.leftovers) > 0:
		g.emptySince = time.Time{}
	case g.emptySince.IsZero():
		g.emptySince, g.next = now, now.Add(g.grace)
	case now.Sub(g.emptySince) >= g.grace:
		l.beginShutdown(true, now)
	default:
		g.next = g.emptySince.Add(g.grace)
	}
}

func (l *loop) hasKeptWorker(guid string) bool {
	for _, c := range l.workers {
		if c.guid == guid && c.keep {
			return true
		}
	}
	return false
}

// handleReady of the loop itself is somebody at the meeting place. Only our own user
// is let in, and one only.
func (l *loop) handleReady(*loop) {
	fd, err := acceptConn(l.handover.fd)
	if err != nil {
		return
	}
	if !sameUser(fd) || l.window == nil || l.nearFDLimit(fd) || unix.SetNonblock(fd, true) != nil {
		unix.Close(fd)
		return
	}
	l.unwatchFD(l.handover.fd)
	l.ctl = &controlConn{fd: fd, loop: l}
	if l.watchFD(fd, l.ctl) != nil {
		unix.Close(fd)
		l.ctl.fd = -1
		_ = l.watchFD(l.handover.fd, l) // it was watched a moment ago
		return
	}
	l.greetInitiator(time.Now())
}

// greetInitiator tells a new initiator all that there is. What was to be held for an
// upgrade is until it says that it has come up: it may die before.
func (l *loop) greetInitiator(now time.Time) {
	l.keepAllUntil = l.window.keepAllUntil
	l.window = nil
	c := l.ctl
	c.queueFrame(Event{Kind: KindHello, Version: ownVersion(), PID: os.Getpid(), At: now})
	for _, e := range l.handoverEvents(now) {
		if e.At.IsZero() {
			e.At = now
		}
		c.queueFrame(e)
	}
	c.queueFrame(Event{Kind: KindSynced, At: now})
}

// closeHandoverSocket ends the meeting place: from here on nobody can come back.
func (l *loop) closeHandoverSocket() {
	m := l.handover
	if m.fd == 0 {
		return
	}
	l.handover = handoverSocket{}
	var st unix.Stat_t
	if unix.Lstat(m.path, &st) == nil && uint64(st.Dev) == m.dev && st.Ino == m.ino {
		_ = unix.Unlink(m.path)
	}
	l.closeFD(m.fd)
}
