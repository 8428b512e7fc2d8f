package keeper

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"initiator/internal/procfs"
)

// A scan of the members finds descendants of workers while they still have their
// parents, so that they are known later whatever they do. It also tells the
// initiator which descendants have left the session of their worker: after a
// kill of the keeper, the initiator finds all others by the session.

// memberScanInterval is the least time between two scans, and
// maxMemberScanInterval the greatest. A test shortens both.
var (
	memberScanInterval    = 10 * time.Second
	maxMemberScanInterval = 2 * time.Minute
)

const (
	// memberScanShare bounds the time that scans take: one part in so many,
	// unless that means a longer pause than maxMemberScanInterval.
	memberScanShare = 3000
	// maxEscaped bounds the processes of one worker in a KindEscaped.
	maxEscaped = 1024
)

// memberScan is what the last scan has found.
type memberScan struct {
	next         time.Time
	lastPID      int  // procfs.LastPID at the last scan
	settled      bool // no process was created between the last two scans
	unattributed []string
}

// scheduleMemberScan schedules a scan for a new worker.
func (l *loop) scheduleMemberScan(now time.Time) {
	if l.memberScan.next.Before(now) {
		l.memberScan.next = now.Add(memberScanInterval)
	}
}

// nextMemberScan returns when the next scan is due; zero = there is no worker and
// no left process.
func (l *loop) nextMemberScan() time.Time {
	if len(l.workers)+len(l.left.byPID) == 0 {
		return time.Time{}
	}
	return l.memberScan.next
}

// scanMembers scans, unless no process was created since the scan before the
// last: a process may change its session just after the scan that finds it.
func (l *loop) scanMembers(now time.Time) {
	m := &l.memberScan
	newest := procfs.LastPID()
	same := newest != 0 && newest == m.lastPID
	if !same || !m.settled {
		l.scanAllMembers()
	} else {
		l.refreshLeft() // a process may have ended
	}
	m.lastPID, m.settled = newest, same
	m.next = now.Add(min(max(memberScanInterval, memberScanShare*time.Since(now)), maxMemberScanInterval))
}

// scanAllMembers finds the members of every worker in one pass.
func (l *loop) scanAllMembers() {
	l.awaitSpawns()
	l.tree.children.Forget()
	l.scanned = nil
	found := map[*child][]procfs.Process{}
	for _, c := range l.workers {
		if !c.exited {
			found[c] = l.tree.appendDescendants(c.pid, nil)
		}
	}
	for _, p := range l.scanOrphans().orphans {
		if c := l.ownerOf(p); c != nil && c != leftOwner && !containsPID(found[c], p.PID) {
			found[c] = l.tree.appendDescendants(p.PID, append(found[c], p))
		}
	}
	for _, c := range l.workers {
		if c.pidfd > 0 {
			found[c] = l.appendAdopted(c, found[c])
		}
		found[c] = l.left.withoutLeft(found[c])
		c.forgetEnded(found[c])
		c.rememberMembers(found[c])
		l.reportEscaped(c, found[c])
	}
	l.refreshLeft()
	l.reportUnattributed()
}

// forgetEnded drops the members that have ended: a worker that runs for a year
// has had millions.
func (c *child) forgetEnded(found []procfs.Process) {
	for pid, start := range c.seen {
		if containsPID(found, pid) {
			continue
		}
		if p, ok := procfs.ReadStat(pid); !ok || p.Start != start {
			delete(c.seen, pid)
		}
	}
}

// reportEscaped sends the escaped processes of a worker when they have changed.
func (l *loop) reportEscaped(c *child, found []procfs.Process) {
	list := escapedProcesses(c.pid, found)
	if len(list) > maxEscaped {
		if len(c.escaped) < maxEscaped {
			l.queueWarning(c.key, fmt.Errorf("%d of its processes have left its session: only %d of them will be known when the keeper is killed", len(list), maxEscaped))
		}
		list = list[:maxEscaped]
	}
	if slices.Equal(list, c.escaped) {
		return
	}
	c.escaped = list
	l.ctl.queueEvent(c.escapedEvent())
}

func (c *child) escapedEvent() Event {
	return Event{Kind: KindEscaped, GUID: c.guid, Incarnation: c.incarnation, Escaped: c.escaped}
}

// escapedProcesses returns the processes outside the session and the group of
// the main process, by pid.
func escapedProcesses(main int, found []procfs.Process) (list []EscapedProcess) {
	for _, p := range found {
		if p.Session != main && p.Group != main {
			list = append(list, EscapedProcess{p.PID, p.Start})
		}
	}
	slices.SortFunc(list, func(a, b EscapedProcess) int { return cmp.Compare(a.PID, b.PID) })
	return list
}

// reportUnattributed sends the processes whose worker is unknown when they have
// changed.
func (l *loop) reportUnattributed() {
	list := l.listUnattributed(0)
	slices.Sort(list)
	if slices.Equal(list, l.memberScan.unattributed) {
		return
	}
	l.memberScan.unattributed = list
	l.ctl.queueEvent(Event{Kind: KindUnattributed, Unattributed: list})
}

// memberEvents returns what the scans have found, for a new initiator.
func (l *loop) memberEvents() (events []Event) {
	for _, c := range l.workers {
		if len(c.escaped) > 0 {
			events = append(events, c.escapedEvent())
		}
	}
	if len(l.left.byPID) > 0 {
		events = append(events, l.leftEvent())
	}
	if list := l.memberScan.unattributed; len(list) > 0 {
		events = append(events, Event{Kind: KindUnattributed, Unattributed: list})
	}
	return events
}
