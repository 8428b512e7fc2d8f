package keeper

import (
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// key names one incarnation of a worker. No two processes ever have the same
// key.
type key struct {
	guid        string
	incarnation int
}

// child is one worker, from its fork until none of its processes is left.
type child struct {
	key
	pid    int    // of the main process
	start  uint64 // start time of the main process
	began  uint64 // start time of the first main process of the incarnation
	group  int    // process group of the main process, which leads it unless replaceMain chose the process
	keep   bool
	pidfd  int // of an adopted process, which is not a child of the keeper; 0 = a child
	cgroup string
	// followMain: another process can become the main process, see replaceMain.
	followMain bool
	tag        uint64 // see ProcessTag; 0 = none
	streams    []*outputStream

	exited bool // the main process was waited for
	left   int  // how many of its processes it has left, see EndOrder.Leave
	// groupLeft says that its process group is left, where no processes can be told
	// apart.
	groupLeft bool
	// withheld is the KindExited that waits for the next main process; nil = none.
	withheld *Event
	seen     map[int]uint64   // start times of the descendants that were seen, by pid
	escaped  []EscapedProcess // as the initiator knows them
	end      *endState        // not nil while an EndOrder is in progress
	killed   map[procfs.Process]bool
}

// childTable holds everything that descends from the keeper.
type childTable struct {
	workers   map[key]*child
	byPID     map[int]*child // main processes that were not waited for
	ends      map[key]*child // with an EndOrder in progress
	leftovers map[key]*child // the main process was waited for; the rest lives or is not reported yet
	// owners remembers the worker of each orphan (nil = unknown). An orphan is
	// a direct child of the keeper, so the kernel does not reuse its pid before
	// the keeper has waited for it.
	owners     map[int]*child
	tree       treeScan
	memberScan memberScan
	scanned    *treeScan // &tree, or nil when it is stale
	left       leftTable
}

func newChildTable() childTable {
	return childTable{workers: map[key]*child{}, byPID: map[int]*child{}, ends: map[key]*child{}, leftovers: map[key]*child{}, owners: map[int]*child{}}
}

// childExit is a main process that was waited for.
type childExit struct {
	c      *child
	status unix.WaitStatus
	// unknown: the exit status of an adopted process cannot be found.
	unknown bool
	maxRSS  int64
}

// reapChildren waits for all processes that have ended, then scans once for
// what they left: a thousand exits at once cost one scan.
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
	l.refreshLeft()
	if len(exits) > 0 || len(l.memberScan.unattributed) > 0 {
		l.reportUnattributed()
	}
}

// waitForExited waits for every process that has ended. No spawn is pending
// meanwhile: the exit of a process that is not in childTable could not be told
// from an orphan's, and a new process that is traced must not be taken for a
// process that has ended.
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
			l.forgetPidfd(c)
			delete(l.byPID, pid)
			c.exited = true
			exits = append(exits, childExit{c: c, status: status, maxRSS: usage.Maxrss * rssUnit})
		}
	}
	return exits, reaped
}

// reportExit reports that a main process has ended, after its last output.
func (l *loop) reportExit(e childExit) {
	for _, s := range e.c.streams {
		s.readLastOutput(l)
	}
	event := Event{
		Kind: KindExited, GUID: e.c.guid, Incarnation: e.c.incarnation,
		Code: e.status.ExitStatus(), Core: e.status.CoreDump(), MaxRSS: e.maxRSS,
		OOM: countOOMKills(e.c.cgroup) > 0,
	}
	switch {
	case e.unknown:
		event.Code, event.Core, event.Unknown = -1, false, true
	case e.status.Signaled():
		event.Code, event.Signal = -1, int(e.status.Signal())
	}
	if !l.withholdExit(e.c, event) {
		l.sendExit(e.c, event)
	}
}

// sendExit sends the KindExited of a worker, with the processes of the worker that
// still live.
func (l *loop) sendExit(c *child, event Event) {
	members := slices.DeleteFunc(l.findMembers(c), func(p procfs.Process) bool { return p.Ended })
	unsignalled := c.unsignalled(members)
	event.Survivors, event.SurvivorNames = len(members), nameProcesses(unsignalled)
	event.Unattributed = l.listUnattributed(c.began)
	l.ctl.queueEvent(event)
	if c.end != nil && c.end.leave {
		l.leaveRest(c)
	} else {
		l.signalRest(c, unsignalled)
	}
	if len(members) == 0 && c.end == nil {
		delete(l.workers, c.key)
		delete(l.leftovers, c.key)
		l.removeCgroup(c.cgroup)
	} else {
		l.leftovers[c.key] = c
	}
}

// checkLeftovers looks at the workers whose main process has ended. It reports
// a worker that is empty now, and kills the processes of a worker whose
// EndOrder is past its deadline.
func (l *loop) checkLeftovers(now time.Time) {
	for _, c := range l.leftovers {
		if empty := len(l.findMembers(c)) == 0; empty && c.withheld != nil {
			l.releaseExit(c)
		} else if empty {
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

// reportEmptied reports that no process of a worker is left, and forgets the
// worker.
func (l *loop) reportEmptied(c *child) {
	strays := l.listUnattributed(c.began)
	l.refreshLeft() // the initiator knows the processes before it is told their number
	l.ctl.queueEvent(Event{
		Kind: KindEmptied, GUID: c.guid, Incarnation: c.incarnation, Killed: len(c.killed), LeftCount: c.left,
		EmptyProven: canProveEmpty && len(strays) == 0 && c.pidfd == 0, Unattributed: strays,
	})
	delete(l.workers, c.key)
	delete(l.ends, c.key)
	delete(l.leftovers, c.key)
	l.releaseCgroup(c.cgroup)
}
