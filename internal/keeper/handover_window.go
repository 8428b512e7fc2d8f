package keeper

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// handoverSocket is the listening socket at which the next initiator finds this
// keeper. The zero value: there is none, and no initiator can attach.
type handoverSocket struct {
	fd   int // 0 = none
	path string
	dev  uint64 // of the socket in the file system, so that the socket of
	ino  uint64 // a later keeper is not removed
}

// handoverWindow is the time between two initiators.
type handoverWindow struct {
	keepAllUntil time.Time // all workers are kept until then, for an upgrade
	emptySince   time.Time // since when no process lives; zero = a process lives
	grace        time.Duration
	next         time.Time // when to look again; zero = only after an event
}

// setHandoverSocket takes the listening socket that the initiator made. It replaces
// an earlier one, whose file was removed.
func (l *loop) setHandoverSocket(m *message, fd int) (taken bool) {
	if fd < 0 || l.nearFDLimit(fd) {
		return false
	}
	if l.handover.fd != 0 {
		l.closeFD(l.handover.fd)
	}
	l.handover = handoverSocket{fd: fd, path: m.Path, dev: m.Dev, ino: m.Ino}
	return true
}

// openWindow begins a handover window. It returns false when there is nothing
// to keep, or no initiator could ever attach.
func (l *loop) openWindow(now time.Time) bool {
	memos, grace := l.keptSnapshots()
	if l.handover.fd == 0 || !memos && !l.hasKept() && !now.Before(l.keepAllUntil) {
		return false
	}
	if unix.SetNonblock(l.handover.fd, true) != nil || l.watchFD(l.handover.fd, l.handover) != nil {
		return false
	}
	l.window = &handoverWindow{keepAllUntil: l.keepAllUntil, grace: grace}
	l.keepAllUntil = time.Time{}
	l.pauseFlows(true) // checkWindow releases them when no upgrade is in progress
	for guid := range l.watched {
		if l.snapshots[guid] == nil {
			l.watchOutput(guid, false, false)
			l.setFlow(guid, nil)
		}
	}
	l.checkWindow(now)
	return true
}

// checkWindow ends the workers that are not kept. When no process has lived for
// long enough, it ends the keeper.
func (l *loop) checkWindow(now time.Time) {
	w := l.window
	w.next = time.Time{}
	if now.Before(w.keepAllUntil) {
		w.next = w.keepAllUntil
		return
	}
	l.dropFlows()
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
	w := l.window
	switch {
	case len(l.byPID)+len(l.leftovers) > 0:
		w.emptySince = time.Time{}
	case w.emptySince.IsZero():
		w.emptySince, w.next = now, now.Add(w.grace)
	case now.Sub(w.emptySince) >= w.grace:
		l.beginShutdown(true, now)
	default:
		w.next = w.emptySince.Add(w.grace)
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

// handleReady accepts the next initiator.
func (handoverSocket) handleReady(l *loop) { l.acceptInitiator() }

// acceptInitiator accepts the next initiator at the handover socket. It must be
// of the same user, and only one is accepted.
func (l *loop) acceptInitiator() {
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
		_ = l.watchFD(l.handover.fd, l.handover) // it was watched a moment ago
		return
	}
	l.greetInitiator(time.Now())
}

// greetInitiator sends a new initiator the whole state. Workers that are kept
// for an upgrade stay so until the initiator cancels it: the initiator may die
// before it has started.
func (l *loop) greetInitiator(now time.Time) {
	l.keepAllUntil = l.window.keepAllUntil
	l.window = nil
	l.restartFlows(now)
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

// closeHandoverSocket closes the handover socket: from now on no initiator can
// attach.
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
