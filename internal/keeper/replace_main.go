package keeper

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"initiator/internal/procfs"
)

// A worker with FollowMain can go on with another main process: a daemon that
// forks and ends its first process, or a program that starts its successor before
// it ends. The keeper knows that a main process has ended and which processes the
// worker has left; which of them is the next main process, the initiator finds in
// the worker's pidfile.

// withholdExit reports the end of a main process as KindMainExited, and keeps its
// KindExited, when another process of the worker can become the main process. It
// returns false when none can.
func (l *loop) withholdExit(c *child, exited Event) bool {
	if !c.followMain || c.end != nil || l.shutdown != nil || !canProveEmpty {
		return false
	}
	members := slices.DeleteFunc(l.findMembers(c), func(p procfs.Process) bool { return p.Ended })
	if len(members) == 0 {
		return false
	}
	c.withheld = &exited
	l.leftovers[c.key] = c
	report := exited
	report.Kind, report.PID, report.Survivors = KindMainExited, c.pid, len(members)
	l.ctl.queueEvent(report)
	return true
}

// releaseExit sends the KindExited that withholdExit has kept.
func (l *loop) releaseExit(c *child) {
	if event := c.withheld; event != nil {
		c.withheld = nil
		l.sendExit(c, *event)
	}
}

// replaceMain makes a process of the worker its main process, or gives up when pid
// is 0. It does nothing when the worker has a main process, or none of its
// processes lives.
func (l *loop) replaceMain(k key, pid int) {
	c := l.workers[k]
	switch {
	case c == nil || c.withheld == nil:
		return
	case pid == 0:
		l.releaseExit(c)
		return
	}
	answer := Event{Kind: KindMain, GUID: k.guid, Incarnation: k.incarnation, PID: pid}
	p, found := procfs.ReadStat(pid)
	refusal := refuseMain(p, mainFacts{found: found, keeper: os.Getpid(), began: c.began, members: l.findMembers(c)})
	if refusal == "" {
		refusal = l.watchMain(c, p)
	}
	if refusal != "" {
		answer.Error = strings.TrimSpace(fmt.Sprintf("process %d %s", pid, procfs.CommandName(pid))) + " " + refusal
		l.ctl.queueEvent(answer)
		return
	}
	answer.StartTime = c.start
	l.ctl.queueEvent(answer)
}

// mainFacts are the facts by which refuseMain judges a process.
type mainFacts struct {
	found   bool             // the process exists
	keeper  int              // the pid of the keeper
	began   uint64           // the start time of the worker's first main process
	members []procfs.Process // the processes of the worker
}

// refuseMain returns why a process cannot be the main process of a worker, as the
// rest of a sentence about the process; "" = it can.
func refuseMain(p procfs.Process, facts mainFacts) string {
	switch {
	case !facts.found || p.Ended:
		return "has ended"
	case p.PID == 1:
		return "is the first process of the system"
	case p.PID == facts.keeper:
		return "is the keeper, which starts all workers"
	case p.Start < facts.began:
		return "is older than the worker"
	case !slices.ContainsFunc(facts.members, func(m procfs.Process) bool { return m.PID == p.PID && m.Start == p.Start }):
		return "is not a process of this worker"
	}
	return ""
}

// watchMain makes p the main process. The keeper waits for a process that is its
// child; it watches a process with another parent as it does an adopted process.
// watchMain returns why it cannot, in the words of refuseMain.
func (l *loop) watchMain(c *child, p procfs.Process) (refusal string) {
	c.pidfd = 0
	if p.Parent != os.Getpid() {
		fd, err := l.openProcess(p.PID, p.Start)
		if err != nil {
			return "cannot be watched: " + err.Error()
		}
		c.pidfd = fd
	}
	c.pid, c.start, c.group, c.exited, c.withheld = p.PID, p.Start, p.Group, false, nil
	delete(l.leftovers, c.key)
	delete(l.owners, c.pid)
	l.byPID[c.pid] = c
	l.scanned = nil
	if c.pidfd != 0 {
		if err := l.watchFD(c.pidfd, adoptedProcess{c}); err != nil {
			l.queueWarning(c.key, err)
		}
	}
	return ""
}

// forgetPidfd ends the watch of a main process that was waited for: it became a
// child of the keeper when its own parent had ended.
func (l *loop) forgetPidfd(c *child) {
	if c.pidfd == 0 {
		return
	}
	l.unreaped = slices.DeleteFunc(l.unreaped, func(d unreapedProcess) bool { return d.c == c })
	l.closeFD(c.pidfd)
	c.pidfd = 0
}

// groupOf returns the process group of a process; its own number when the process
// has ended.
func groupOf(pid int) int {
	if p, ok := procfs.ReadStat(pid); ok && p.Group > 0 {
		return p.Group
	}
	return pid
}
