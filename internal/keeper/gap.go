package keeper

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// meeting is the listening socket at which the next initiator finds this
// keeper. The zero value: there is none, and nobody can come back.
type meeting struct {
	fd   int // 0 = none
	path string
	dev  uint64 // of the socket in the file system, so that a successor's is
	ino  uint64 // not removed for ours
}

// gap is the time between two initiators.
type gap struct {
	began time.Time
	stay  time.Time // until then everything is held, for an upgrade
	empty time.Time // since when nothing lives; zero = something does
	grace time.Duration
	next  time.Time // when to look again; zero = only when something happens
}

// meet takes the socket of the meeting place.
func (l *loop) meet(m *message, fd int) (taken bool) {
	if fd < 0 || l.meeting.fd != 0 || l.crowded(fd) {
		return false
	}
	l.meeting = meeting{fd: fd, path: m.Path, dev: m.Dev, ino: m.Ino}
	return true
}

// holdOn begins a gap; false when there is nothing to hold, or nobody could
// ever come for it.
func (l *loop) holdOn(now time.Time) bool {
	memos, grace := l.keptMemos()
	if l.meeting.fd == 0 || !memos && !l.keeps() && !now.Before(l.stay) {
		return false
	}
	if unix.SetNonblock(l.meeting.fd, true) != nil || l.watchFD(l.meeting.fd, l) != nil {
		return false
	}
	l.gap = &gap{began: now, stay: l.stay, grace: grace}
	l.stay = time.Time{}
	for guid := range l.watched {
		if l.memos[guid] == nil {
			l.watch(guid, false, false)
		}
	}
	l.gapRound(now)
	return true
}

// gapRound does what a gap asks for: what is not kept is ended, and when
// nothing has lived for long enough, so is the keeper.
func (l *loop) gapRound(now time.Time) {
	g := l.gap
	g.next = time.Time{}
	if now.Before(g.stay) {
		g.next = g.stay
		return
	}
	l.forgetUnkept()
	for guid := range l.held {
		if m := l.memos[guid]; m == nil && !l.keepsGUID(guid) {
			l.release(guid)
		}
	}
	for _, c := range l.workers {
		if !c.keep && (c.end == nil || c.end.rank < 2) {
			l.endWorker(EndOrder{GUID: c.guid, Incarnation: c.incarnation, Signal: int(unix.SIGKILL)}, now)
		}
	}
	l.gapEmpty(now)
}

func (l *loop) gapEmpty(now time.Time) {
	g := l.gap
	switch {
	case len(l.byPID)+len(l.leftovers) > 0:
		g.empty = time.Time{}
	case g.empty.IsZero():
		g.empty, g.next = now, now.Add(g.grace)
	case now.Sub(g.empty) >= g.grace:
		l.farewell(true, now)
	default:
		g.next = g.empty.Add(g.grace)
	}
}

func (l *loop) keepsGUID(guid string) bool {
	for _, c := range l.workers {
		if c.guid == guid && c.keep {
			return true
		}
	}
	return false
}

// ready of the loop itself is somebody at the meeting place. Only our own user
// is let in, and one only.
func (l *loop) ready(*loop) {
	fd, err := accept(l.meeting.fd)
	if err != nil {
		return
	}
	if !sameUser(fd) || l.gap == nil || l.crowded(fd) || unix.SetNonblock(fd, true) != nil {
		unix.Close(fd)
		return
	}
	l.unwatch(l.meeting.fd)
	l.ctl = &control{fd: fd, loop: l}
	if l.watchFD(fd, l.ctl) != nil {
		unix.Close(fd)
		l.ctl.fd = -1
		_ = l.watchFD(l.meeting.fd, l) // it was watched a moment ago
		return
	}
	l.welcome(time.Now())
}

// welcome tells a new initiator all that there is. What was to be held for an
// upgrade is until it says that it has come up: it may die before.
func (l *loop) welcome(now time.Time) {
	l.stay = l.gap.stay
	l.gap = nil
	c := l.ctl
	c.send(Event{Kind: KindHello, Version: ours(), PID: os.Getpid(), At: now})
	for _, e := range l.briefing(now) {
		if e.At.IsZero() {
			e.At = now
		}
		c.send(e)
	}
	c.send(Event{Kind: KindSynced, At: now})
}

// leaveMeeting ends the meeting place: from here on nobody can come back.
func (l *loop) leaveMeeting() {
	m := l.meeting
	if m.fd == 0 {
		return
	}
	l.meeting = meeting{}
	var st unix.Stat_t
	if unix.Lstat(m.path, &st) == nil && uint64(st.Dev) == m.dev && st.Ino == m.ino {
		_ = unix.Unlink(m.path)
	}
	l.closeFD(m.fd)
}
