package keeper

import (
	"time"

	"golang.org/x/sys/unix"
)

// key names a worker: no two processes ever have the same.
type key struct {
	guid        string
	incarnation int
}

// child is one worker, from its fork until nothing of it is left.
type child struct {
	key
	pid     int    // of the leader, and of the process group
	start   uint64 // its start time
	keep    bool
	pidfd   int // of an adopted process, which is not our child; 0 = it is
	cgroup  string
	streams []*outputStream

	exited bool           // the leader was waited for
	seen   map[int]uint64 // descendants seen: start time by pid
	end    *endState      // an End is in progress
	killed map[process]bool
}

// childTable are the books of everything that descends from the keeper.
type childTable struct {
	workers   map[key]*child
	byPID     map[int]*child // leaders that were not waited for
	ends      map[key]*child // with an End in progress
	leftovers map[key]*child // the leader was waited for, the rest is not gone or not yet reported
	// owners remembers whose an orphan is (nil = nobody's). An orphan is our
	// direct child, so its pid is not given to another before we wait for it.
	owners  map[int]*child
	tree    treeScan
	scanned *treeScan // &tree, or nil when it is stale
}

func newChildTable() childTable {
	return childTable{workers: map[key]*child{}, byPID: map[int]*child{}, ends: map[key]*child{}, leftovers: map[key]*child{}, owners: map[int]*child{}}
}

// childExit is a leader that was waited for.
type childExit struct {
	c      *child
	status unix.WaitStatus
	// unknown: nobody can say how an adopted process has ended.
	unknown bool
	maxRSS  int64
}

// reapChildren waits for all that have ended, then looks once at what they left:
// a thousand exits at once cost one look.
func (l *loop) reapChildren() {
	exits, reaped := l.waitForExited()
	if !reaped {
		return
	}
	l.scanned = nil
	for _, e := range exits {
		l.reportExit(e)
	}
	l.checkLeftovers(time.Now())
}

// waitForExited waits for whoever has ended. Nobody is born meanwhile: an exit of a
// process that is not in the books could not be told from an orphan's, and a
// newborn that is traced must not be taken for one that has ended.
func (l *loop) waitForExited() (exits []childExit, reaped bool) {
	l.awaitSpawns()
	for {
		var status unix.WaitStatus
		var usage unix.Rusage
		pid, err := unix.Wait4(-1, &status, unix.WNOHANG, &usage)
		if err == unix.EINTR {
			continue
		}
		if pid <= 0 || err != nil {
			break
		}
		reaped = true
		delete(l.owners, pid)
		if c, ok := l.byPID[pid]; ok {
			delete(l.byPID, pid)
			c.exited = true
			exits = append(exits, childExit{c: c, status: status, maxRSS: usage.Maxrss * rssUnit})
		}
	}
	return exits, reaped
}

// reportExit tells that a leader has ended, after its last words.
func (l *loop) reportExit(e childExit) {
	for _, s := range e.c.streams {
		s.readLastOutput(l)
	}
	left := 0
	for _, p := range l.findMembers(e.c) {
		if !p.dead {
			left++
		}
	}
	event := Event{
		Kind: KindExited, GUID: e.c.guid, Incarnation: e.c.incarnation,
		Code: e.status.ExitStatus(), Core: e.status.CoreDump(), Survivors: left, MaxRSS: e.maxRSS,
		OOM: countOOMKills(e.c.cgroup) > 0,
	}
	switch {
	case e.unknown:
		event.Code, event.Core, event.Unknown = -1, false, true
	case e.status.Signaled():
		event.Code, event.Signal = -1, int(e.status.Signal())
	}
	event.Unattributed = l.listUnattributed(e.c.start)
	l.ctl.queueEvent(event)
	if left == 0 && e.c.end == nil {
		delete(l.workers, e.c.key)
		l.removeCgroup(e.c.cgroup)
	} else {
		l.leftovers[e.c.key] = e.c
	}
}

// checkLeftovers looks at the workers whose leader has gone: what is empty now is
// reported, and what ought to be is killed.
func (l *loop) checkLeftovers(now time.Time) {
	for _, c := range l.leftovers {
		if len(l.findMembers(c)) == 0 {
			l.reportEmptied(c)
		} else if c.end != nil && !now.Before(c.end.deadline) {
			l.killRound(c, now)
		}
	}
	if l.shutdown != nil {
		l.shutdownRound(now)
	}
	if l.window != nil {
		l.checkWindow(now)
	}
}

// reportEmptied reports that nothing is left of a worker, and forgets it.
func (l *loop) reportEmptied(c *child) {
	strays := l.listUnattributed(c.start)
	l.ctl.queueEvent(Event{
		Kind: KindEmptied, GUID: c.guid, Incarnation: c.incarnation, Killed: len(c.killed),
		EmptyProven: canProveEmpty && len(strays) == 0 && c.pidfd == 0, Unattributed: strays,
	})
	delete(l.workers, c.key)
	delete(l.ends, c.key)
	delete(l.leftovers, c.key)
	l.removeCgroup(c.cgroup)
}

// signalGroup signals the process group of a worker. When its leader is gone
// the number may be another's, so a member must be seen in it first.
func (l *loop) signalGroup(k key, sig unix.Signal) {
	c, ok := l.workers[k]
	if !ok {
		return
	}
	alive := !c.exited
	for _, p := range l.findMembers(c) {
		alive = alive || p.group == c.pid
	}
	if alive && c.pidfd > 0 {
		l.signalAdopted(c, l.findMembers(c), sig)
	} else if alive {
		_ = unix.Kill(-c.pid, sig)
	}
}
