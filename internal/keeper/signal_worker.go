package keeper

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"

	"initiator/internal/procfs"
)

// sendStopSignal sends the signal of an EndOrder, and CONT after it, because a
// stopped process acts on no other signal but KILL. Descendants that do not get
// the signal now get it when the main process has ended: see signalRest.
func (l *loop) sendStopSignal(c *child, e EndOrder) {
	sig, members := unix.Signal(e.Signal), l.findMembers(c)
	if c.exited {
		l.signalAll(c, members, sig)
		return
	}
	c.end.later = sig
	if e.MainFirst {
		l.signalMain(c, sig)
		l.signalMain(c, unix.SIGCONT)
		return
	}
	c.end.noteGroup(c, members)
	l.signalGroup(c, members, sig)
	l.signalGroup(c, members, unix.SIGCONT)
}

// noteGroup records the members of the main process's group as signalled.
func (e *endState) noteGroup(c *child, members []procfs.Process) {
	e.signalled = map[int]uint64{}
	if !canProveEmpty { // findMembers names the whole group by its number
		e.signalled[c.pid] = 0
	}
	for _, p := range members {
		if p.Group == c.group {
			e.signalled[p.PID] = p.Start
		}
	}
}

// unsignalled returns the members that have not got the signal of an EndOrder,
// when the main process has just ended. Processes that are being killed have.
func (c *child) unsignalled(members []procfs.Process) (rest []procfs.Process) {
	for _, p := range members {
		if c.killed != nil {
			break
		}
		if c.end != nil {
			if start, known := c.end.signalled[p.PID]; known && start == p.Start {
				continue
			}
		}
		rest = append(rest, p)
	}
	return rest
}

// signalRest sends the signal of an EndOrder to what the main process has left.
func (l *loop) signalRest(c *child, rest []procfs.Process) {
	if c.end == nil || c.end.later == 0 {
		return
	}
	sig := c.end.later
	c.end.later = 0
	if c.end.signalled == nil {
		l.signalAll(c, rest, sig)
		return
	}
	for _, p := range rest { // the group has got the signal before
		signalProcess(p, sig)
		signalProcess(p, unix.SIGCONT)
	}
}

// signalWorker carries out the order signal.
func (l *loop) signalWorker(k key, sig unix.Signal, mainOnly bool) {
	c, ok := l.workers[k]
	switch {
	case !ok:
	case mainOnly && c.exited:
	case mainOnly:
		l.signalMain(c, sig)
	default:
		l.signalGroup(c, l.findMembers(c), sig)
	}
}

// signalMain signals the main process, which was not waited for, so that its
// number is not reused.
func (l *loop) signalMain(c *child, sig unix.Signal) {
	if c.pidfd > 0 {
		signalPidfd(c.pidfd, sig)
		return
	}
	_ = unix.Kill(c.pid, sig)
}

// signalGroup signals the process group of the main process. When the main
// process has ended, the number may be another group's, so a member must be seen
// in the group first. The number of an adopted process is never safe: see
// signalAdopted.
func (l *loop) signalGroup(c *child, members []procfs.Process, sig unix.Signal) {
	var group []procfs.Process
	for _, p := range members {
		if p.Group == c.group {
			group = append(group, p)
		}
	}
	switch {
	case c.pidfd > 0 || c.group != c.pid:
		l.signalEach(c, group, sig)
	case !c.exited || len(group) > 0:
		_ = unix.Kill(-c.group, sig)
	}
}

// signalAll signals the group of a worker, and each descendant outside the
// group. CONT follows. members were found before, because they move when the
// main process dies.
func (l *loop) signalAll(c *child, members []procfs.Process, sig unix.Signal) {
	l.signalGroup(c, members, sig)
	if sig != unix.SIGKILL {
		l.signalGroup(c, members, unix.SIGCONT)
	}
	for _, p := range members {
		if p.Group != c.group {
			signalProcess(p, sig)
			signalProcess(p, unix.SIGCONT)
		}
	}
}

// Limits of Event.SurvivorNames.
const (
	survivorNameLimit  = 32  // processes
	survivorNameLength = 200 // bytes of a command
)

// nameProcesses returns "pid command" for each process.
func nameProcesses(list []procfs.Process) (names []string) {
	for i, p := range list {
		if i == survivorNameLimit {
			return append(names, fmt.Sprintf("and %d more", len(list)-i))
		}
		names = append(names, nameProcess(p))
	}
	return names
}

func nameProcess(p procfs.Process) string {
	command := procfs.CommandLine(p.PID)
	if command == "" { // it has replaced its arguments, or this system does not show them
		command = procfs.CommandName(p.PID)
	}
	if len(command) > survivorNameLength {
		command = strings.ToValidUTF8(command[:survivorNameLength], "") + "…"
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", p.PID, command))
}
