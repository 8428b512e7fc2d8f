package keeper

import (
	"fmt"
	"slices"
	"time"

	"initiator/internal/procfs"
)

// scanAge is how long a scan is valid while no process was waited for. A
// descendant that loses its parent in this time counts as if it did so just
// after.
const scanAge = 2 * time.Millisecond

// treeScan is the result of a scan of the process tree.
type treeScan struct {
	at       time.Time
	children procfs.ChildLister
	orphans  []procfs.Process // direct children of the keeper that are not main processes
}

// scanOrphans finds the orphans, once for all callers at the same time. Waiting
// for a process makes the scan stale.
func (l *loop) scanOrphans() *treeScan {
	l.awaitSpawns()
	now := time.Now()
	if l.scanned != nil && now.Sub(l.scanned.at) < scanAge {
		return l.scanned
	}
	s := &l.tree
	s.at, s.orphans = now, s.orphans[:0]
	s.children.Forget()
	l.scanned = s
	for _, pid := range s.children.AdoptedChildren() {
		if _, leader := l.byPID[pid]; !leader {
			s.addOrphan(pid)
		}
	}
	return s
}

// addOrphan adds an orphan. For an orphan that has ended and was not waited
// for, it adds its children, which become orphans a moment later.
func (s *treeScan) addOrphan(pid int) {
	p, ok := procfs.ReadStat(pid)
	if !ok {
		return
	}
	if !p.Ended {
		s.orphans = append(s.orphans, p)
		return
	}
	for _, child := range s.children.ChildrenOf(pid) {
		s.addOrphan(child)
	}
}

// findMembers returns all living processes of a worker but its main process:
// the processes below the main process, and below every orphan that belongs to
// the worker. They are remembered, so that they are known again when their
// parent has ended.
//
// A process that loses its parent moves from the tree to the orphans, never
// back. So the orphans are read after the tree, and again until they hold
// nothing new: a process that moves meanwhile is not missed.
func (l *loop) findMembers(c *child) []procfs.Process {
	var found []procfs.Process
	if !c.exited {
		l.tree.children.Forget()
		found = l.tree.appendDescendants(c.pid, nil)
		l.scanned = nil
	}
	for {
		before := len(found)
		for _, p := range l.scanOrphans().orphans {
			if l.ownerOf(p) == c && !containsPID(found, p.PID) {
				found = l.tree.appendDescendants(p.PID, append(found, p))
			}
		}
		if len(found) == before {
			break
		}
		l.scanned = nil
	}
	for _, pid := range cgroupMembers(c.cgroup) {
		if p, ok := procfs.ReadStat(pid); ok && pid != c.pid && !containsPID(found, pid) {
			found = append(found, p)
		}
	}
	if c.pidfd > 0 {
		found = l.appendAdopted(c, found)
	}
	found = l.left.withoutLeft(found)
	if len(found) == 0 && !canProveEmpty && c.exited && !c.groupLeft && groupAlive(c.pid) {
		found = append(found, procfs.Process{PID: c.pid, Group: c.pid})
	}
	c.rememberMembers(found)
	return found
}

// rememberMembers records the processes of the worker, so that they are known
// again when their parent has ended.
func (c *child) rememberMembers(found []procfs.Process) {
	if c.seen == nil && len(found) > 0 {
		c.seen = map[int]uint64{}
	}
	for _, p := range found {
		c.seen[p.PID] = p.Start
	}
}

// appendAdopted appends the processes of an adopted worker that are not below
// its main process. They do not become children of the keeper, so they are
// looked for among all processes.
func (l *loop) appendAdopted(c *child, found []procfs.Process) []procfs.Process {
	for _, pid := range procfs.ListPIDs() {
		p, ok := procfs.ReadStat(pid)
		if !ok || p.Ended || pid == c.pid || containsPID(found, pid) || !c.hasMember(p) {
			continue
		}
		for _, below := range l.tree.appendDescendants(pid, []procfs.Process{p}) {
			if !containsPID(found, below.PID) {
				found = append(found, below)
			}
		}
	}
	return found
}

// hasMember reports whether a process belongs to the worker: by its session or
// group, because it was seen below the worker before, or by its tag.
func (c *child) hasMember(p procfs.Process) bool {
	if start, ok := c.seen[p.PID]; ok && start == p.Start {
		return true
	}
	if p.Start < c.began {
		return false
	}
	if (p.Session == c.pid || p.Group == c.pid) && !c.wasReused() {
		return true
	}
	return c.tag != 0 && procfs.RealtimeLimit(p.PID) == c.tag
}

// wasReused reports whether another process has the number of the main process,
// so that a session with this number is not the worker's. This can happen to an
// adopted process only: the keeper has waited for any other main process, and
// all members of its session are children of the keeper.
func (c *child) wasReused() bool {
	if c.pidfd == 0 {
		return false
	}
	p, ok := procfs.ReadStat(c.pid)
	return ok && p.Start != c.start
}

func containsPID(list []procfs.Process, pid int) bool {
	return slices.ContainsFunc(list, func(p procfs.Process) bool { return p.PID == pid })
}

// appendDescendants appends all living descendants of pid.
func (s *treeScan) appendDescendants(pid int, found []procfs.Process) []procfs.Process {
	for _, child := range s.children.ChildrenOf(pid) {
		p, ok := procfs.ReadStat(child)
		if ok && !p.Ended {
			found = append(found, p)
		}
		if ok { // below a process that has ended too: see addOrphan
			found = s.appendDescendants(child, found)
		}
	}
	return found
}

// ownerOf returns the worker of an orphan: by its session or process group,
// because it was seen below a worker before, by its cgroup, by its tag, and at
// last by its environment, which the process itself can overwrite. Nil =
// unknown; leftOwner = a worker has left it.
func (l *loop) ownerOf(p procfs.Process) *child {
	if c, ok := l.owners[p.PID]; ok && (c == nil || c == leftOwner || l.workers[c.key] == c) {
		return c
	}
	c := l.attributeOrphan(p)
	l.owners[p.PID] = c
	return c
}

func (l *loop) attributeOrphan(p procfs.Process) *child {
	if l.left.holds(p) {
		return leftOwner
	}
	for _, c := range l.workers {
		if (c.pid == p.Session || c.pid == p.Group) && c.start <= p.Start {
			return c
		}
		if start, ok := c.seen[p.PID]; ok && start == p.Start {
			return c
		}
	}
	if l.isLeft(p) {
		return leftOwner
	}
	for _, c := range l.workers {
		for _, pid := range cgroupMembers(c.cgroup) {
			if pid == p.PID {
				return c
			}
		}
	}
	if c := l.findTagged(procfs.RealtimeLimit(p.PID)); c != nil {
		return c
	}
	return l.findMarked(markedKey(procfs.AwaitEnvironment(p.PID)), p.Start)
}

// findTagged returns the worker with a tag.
func (l *loop) findTagged(tag uint64) *child {
	for _, c := range l.workers {
		if tag != 0 && c.tag == tag {
			return c
		}
	}
	return nil
}

// findMarked returns the worker that an environment names. Without an
// incarnation this is the newest worker of the guid that was there when the
// process began.
func (l *loop) findMarked(k key, start uint64) *child {
	if k.incarnation != 0 || k.guid == "" {
		return l.workers[k]
	}
	var last *child
	for _, c := range l.workers {
		if c.guid == k.guid && c.began <= start && (last == nil || c.began > last.began) {
			last = c
		}
	}
	return last
}

// listUnattributed names the orphans whose worker is unknown and that began at
// or after since.
func (l *loop) listUnattributed(since uint64) (list []string) {
	for _, p := range l.scanOrphans().orphans {
		if l.ownerOf(p) == nil && p.Start >= since {
			list = append(list, fmt.Sprintf("%d %s", p.PID, procfs.CommandName(p.PID)))
		}
	}
	return list
}
