package keeper

import (
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

const (
	firstKillInterval = 10 * time.Millisecond  // after the first round of KILL
	maxKillInterval   = 500 * time.Millisecond // between later rounds, against processes that do not die
	shutdownTimeout   = 1500 * time.Millisecond
)

// endState is an EndOrder in progress.
type endState struct {
	deadline time.Time // when KILL begins
	next     time.Time // when to look again
	pause    time.Duration
	rank     int // of the strongest signal sent
	// leave is EndOrder.Leave; grouped says that the process group of the main
	// process is ended all the same.
	leave, grouped bool
	// later is the signal for what the main process leaves; 0 = none.
	later unix.Signal
	// signalled holds the start times, by pid, of the descendants that have got
	// the signal together with the main process.
	signalled map[int]uint64
}

// signalRank orders signals: none, any, KILL.
func signalRank(sig int) int {
	switch unix.Signal(sig) {
	case 0:
		return 0
	case unix.SIGKILL:
		return 2
	}
	return 1
}

// endWorker begins to end a worker, or hurries an EndOrder in progress.
func (l *loop) endWorker(e EndOrder, now time.Time) {
	c, ok := l.workers[key{e.GUID, e.Incarnation}]
	if !ok {
		l.reportEmptied(&child{key: key{e.GUID, e.Incarnation}}) // it ended long ago, or never was
		return
	}
	l.releaseExit(c)
	if l.workers[c.key] != c {
		l.reportEmptied(&child{key: c.key}) // its last process has just ended
		return
	}
	deadline := now.Add(max(e.Wait, 0))
	if signalRank(e.Signal) == 2 {
		deadline = now
	}
	if c.end == nil {
		c.end = &endState{deadline: deadline, next: deadline, pause: firstKillInterval, leave: e.Leave, grouped: !e.MainFirst && !c.exited}
		l.ends[c.key] = c
	} else if deadline.Before(c.end.deadline) {
		c.end.deadline, c.end.next = deadline, deadline
	}
	if c.end.leave = c.end.leave && e.Leave; c.end.leave && c.exited {
		l.leaveRest(c)
	}
	if signalRank(e.Signal) > c.end.rank {
		c.end.rank = signalRank(e.Signal)
		if c.end.rank < 2 {
			l.sendStopSignal(c, e)
		}
	}
	if !now.Before(c.end.deadline) {
		l.killRound(c, now)
	} else if c.exited && len(l.findMembers(c)) == 0 {
		l.reportEmptied(c)
	}
}

// killRound kills every process of a worker. It is repeated, soon and then less
// often, for processes that were forked meanwhile, until the worker is empty.
func (l *loop) killRound(c *child, now time.Time) {
	if c.killed == nil {
		c.killed = map[procfs.Process]bool{}
	}
	if c.end.leave && c.exited {
		l.leaveRest(c)
	}
	members := l.findMembers(c)
	if c.exited && len(members) == 0 {
		l.reportEmptied(c)
		return
	}
	if c.end.leave {
		members = slices.DeleteFunc(members, func(p procfs.Process) bool { return !c.endsWithMain(p) })
	}
	for _, p := range members {
		c.killed[procfs.Process{PID: p.PID, Start: p.Start}] = true
	}
	if !c.exited {
		c.killed[procfs.Process{PID: c.pid, Start: c.start}] = true
	}
	switch {
	case !c.end.leave:
		killCgroup(c.cgroup)
		l.signalAll(c, members, unix.SIGKILL)
	case c.end.grouped:
		l.signalGroup(c, members, unix.SIGKILL)
	case !c.exited:
		l.signalMain(c, unix.SIGKILL)
	}
	c.end.next = now.Add(c.end.pause)
	c.end.pause = min(2*c.end.pause, maxKillInterval)
}

// shutdown is the end of the keeper itself.
type shutdown struct {
	all      bool // Keep workers too: Close was called
	deadline time.Time
	next     time.Time
}

// handleDisconnect is called when the control socket has ended. Workers marked
// Keep run on, and the keeper with them: it takes their output and their exits,
// and ends with the last of them.
func (l *loop) handleDisconnect() {
	l.awaitSpawns()
	l.closeFD(l.ctl.fd)
	l.ctl.fd, l.ctl.out = -1, nil
	for _, p := range l.ctl.received {
		for _, fd := range p.fds {
			unix.Close(fd)
		}
	}
	l.ctl.received = nil
	if l.shutdown == nil && l.openWindow(time.Now()) {
		return
	}
	l.dropFlows()
	for guid := range l.held {
		l.releaseSocket(guid)
	}
	if l.shutdown == nil {
		l.beginShutdown(false, time.Now())
	}
}

// beginShutdown begins the end of the keeper.
func (l *loop) beginShutdown(all bool, now time.Time) {
	l.closeHandoverSocket()
	l.window = nil
	l.shutdown = &shutdown{all: all, deadline: now.Add(shutdownTimeout)}
	l.scanned = nil
	l.shutdownRound(now)
}

// shutdownRound kills every process that must not outlive the initiator.
func (l *loop) shutdownRound(now time.Time) {
	l.shutdown.next = now.Add(firstKillInterval)
	s := l.scanOrphans()
	for _, c := range l.byPID {
		if l.shutdown.all || !c.keep {
			killCgroup(c.cgroup)
			l.signalAll(c, l.findMembers(c), unix.SIGKILL)
		}
	}
	for _, p := range s.orphans {
		if l.mayOutlive(p) {
			continue
		}
		for _, p := range l.left.withoutLeft(s.appendDescendants(p.PID, []procfs.Process{p})) {
			signalProcess(p, unix.SIGKILL)
		}
	}
}

// mayOutlive reports whether an orphan may live on: it was left by its worker, or
// it belongs to a kept worker, or may belong to a kept worker.
func (l *loop) mayOutlive(p procfs.Process) bool {
	if left := l.isLeft(p); left || l.shutdown.all {
		return left
	}
	if c := l.ownerOf(p); c != nil {
		return c.keep
	}
	return l.hasKept()
}

// onlyLeft reports whether every orphan is a left process.
func (l *loop) onlyLeft() bool {
	return !slices.ContainsFunc(l.scanOrphans().orphans, func(p procfs.Process) bool { return !l.isLeft(p) })
}

// hasKept reports whether a worker marked Keep is left.
func (l *loop) hasKept() bool {
	for _, c := range l.workers {
		if c.keep {
			return true
		}
	}
	return false
}

// finished reports whether the keeper may end, and its exit code: 0 when no
// process of any worker lives. Left processes belong to no worker.
func (l *loop) finished(now time.Time) (code int, done bool) {
	if l.shutdown == nil || len(l.ctl.out) > 0 && l.ctl.fd >= 0 && now.Before(l.shutdown.deadline) {
		return 0, false
	}
	if !l.shutdown.all && l.hasKept() {
		if now.After(l.shutdown.deadline) {
			l.shutdown.next = time.Time{} // from now on only exits matter
		}
		return 0, false
	}
	if len(l.byPID) == 0 && l.onlyLeft() && l.retryRemoval() {
		return 0, true
	}
	if now.After(l.shutdown.deadline) {
		_, _ = os.Stderr.WriteString("initiator-keeper: some processes could not be killed in time\n")
		return 3, true
	}
	return 0, false
}
