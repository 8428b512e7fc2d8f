package keeper

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	firstPause = 10 * time.Millisecond  // after the first round of KILL
	lastPause  = 500 * time.Millisecond // between rounds against what will not die
	farewells  = 1500 * time.Millisecond
)

// ending is an End in progress.
type ending struct {
	deadline time.Time // when KILL begins
	next     time.Time // when to look again
	pause    time.Duration
	rank     int // of the strongest signal sent
}

// rank orders signals: none, any, KILL.
func rank(sig int) int {
	switch unix.Signal(sig) {
	case 0:
		return 0
	case unix.SIGKILL:
		return 2
	}
	return 1
}

// endWorker begins to end a worker, or hurries an End that has begun.
func (l *loop) endWorker(e EndOrder, now time.Time) {
	c, ok := l.workers[key{e.GUID, e.Incarnation}]
	if !ok {
		l.emptied(&child{key: key{e.GUID, e.Incarnation}}) // long ago, or never there
		return
	}
	deadline := now.Add(max(e.Wait, 0))
	if rank(e.Signal) == 2 {
		deadline = now
	}
	if c.end == nil {
		c.end = &ending{deadline: deadline, next: deadline, pause: firstPause}
		l.ends[c.key] = c
	} else if deadline.Before(c.end.deadline) {
		c.end.deadline, c.end.next = deadline, deadline
	}
	if rank(e.Signal) > c.end.rank {
		c.end.rank = rank(e.Signal)
		if c.end.rank < 2 {
			l.signalAll(c, l.members(c), unix.Signal(e.Signal))
		}
	}
	if !now.Before(c.end.deadline) {
		l.killRound(c, now)
	} else if c.exited && len(l.members(c)) == 0 {
		l.emptied(c)
	}
}

// signalAll signals the group of a worker, and each descendant outside of it.
// CONT follows, because a stopped process acts on no other signal but KILL.
// members were seen before, because they move when the leader dies.
func (l *loop) signalAll(c *child, members []process, sig unix.Signal) {
	if c.pidfd > 0 {
		l.signalAdopted(c, members, sig)
		if sig != unix.SIGKILL {
			l.signalAdopted(c, members, unix.SIGCONT)
		}
		return
	}
	group := !c.exited
	for _, p := range members {
		group = group || p.group == c.pid
	}
	if group {
		_ = unix.Kill(-c.pid, sig)
		if sig != unix.SIGKILL {
			_ = unix.Kill(-c.pid, unix.SIGCONT)
		}
	}
	for _, p := range members {
		if p.group != c.pid {
			signalProcess(p, sig)
			signalProcess(p, unix.SIGCONT)
		}
	}
}

// killRound kills everything of a worker. It comes again, soon and then less
// often, for what was born meanwhile, until the worker is empty.
func (l *loop) killRound(c *child, now time.Time) {
	if c.killed == nil {
		c.killed = map[process]bool{}
	}
	members := l.members(c)
	if c.exited && len(members) == 0 {
		l.emptied(c)
		return
	}
	for _, p := range members {
		c.killed[process{pid: p.pid, start: p.start}] = true
	}
	if !c.exited {
		c.killed[process{pid: c.pid, start: c.start}] = true
	}
	killCgroup(c.cgroup)
	l.signalAll(c, members, unix.SIGKILL)
	c.end.next = now.Add(c.end.pause)
	c.end.pause = min(2*c.end.pause, lastPause)
}

// farewell is the end of the keeper itself.
type farewell struct {
	all      bool // Keep workers too: Close was called
	deadline time.Time
	next     time.Time
}

// initiatorGone is called when the control socket has ended. Workers marked
// Keep run on, and the keeper with them: it goes on to take their output and
// their exits, and ends with the last of them.
func (l *loop) initiatorGone() {
	l.awaitBirths()
	l.closeFD(l.ctl.fd)
	l.ctl.fd, l.ctl.out = -1, nil
	for _, p := range l.ctl.parcel {
		for _, fd := range p.fds {
			unix.Close(fd)
		}
	}
	l.ctl.parcel = nil
	if l.ending == nil && l.holdOn(time.Now()) {
		return
	}
	for guid := range l.held {
		l.release(guid)
	}
	if l.ending == nil {
		l.farewell(false, time.Now())
	}
}

// farewell begins the end.
func (l *loop) farewell(all bool, now time.Time) {
	l.leaveMeeting()
	l.gap = nil
	l.ending = &farewell{all: all, deadline: now.Add(farewells)}
	l.scanned = nil
	l.farewellRound(now)
}

// farewellRound kills all that must not outlive the initiator.
func (l *loop) farewellRound(now time.Time) {
	l.ending.next = now.Add(firstPause)
	s := l.look()
	for _, c := range l.byPID {
		if l.ending.all || !c.keep {
			killCgroup(c.cgroup)
			l.signalAll(c, l.members(c), unix.SIGKILL)
		}
	}
	for _, p := range s.orphans {
		if l.spared(p) {
			continue
		}
		signalProcess(p, unix.SIGKILL)
		for _, below := range s.below(p.pid, nil) {
			signalProcess(below, unix.SIGKILL)
		}
	}
}

// spared reports whether an orphan may live on: it is a kept worker's, or
// might be.
func (l *loop) spared(p process) bool {
	if l.ending.all {
		return false
	}
	if c := l.originOf(p); c != nil {
		return c.keep
	}
	return l.keeps()
}

// keeps reports whether a worker marked Keep is still there.
func (l *loop) keeps() bool {
	for _, c := range l.workers {
		if c.keep {
			return true
		}
	}
	return false
}

// finished reports whether the keeper may end, and its exit code: 0 when
// nothing is left of any worker.
func (l *loop) finished(now time.Time) (code int, done bool) {
	if l.ending == nil || len(l.ctl.out) > 0 && l.ctl.fd >= 0 && now.Before(l.ending.deadline) {
		return 0, false
	}
	if !l.ending.all && l.keeps() {
		if now.After(l.ending.deadline) {
			l.ending.next = time.Time{} // from here on only exits matter
		}
		return 0, false
	}
	if len(l.byPID) == 0 && len(l.look().orphans) == 0 && l.left() {
		return 0, true
	}
	if now.After(l.ending.deadline) {
		_, _ = os.Stderr.WriteString("initiator-keeper: some processes could not be killed in time\n")
		return 3, true
	}
	return 0, false
}
