package keeper

import (
	"fmt"
	"slices"
	"time"
)

// scanAge is how long a look at the tree serves when nobody has died since.
// A descendant that loses its parent meanwhile is one that did so just after.
const scanAge = 2 * time.Millisecond

// scan is what a look at the process tree has shown.
type scan struct {
	lister
	at      time.Time
	orphans []process // our direct children that are not leaders
}

// look finds the orphans, once for all that ask at the same time. Whoever was
// waited for since makes it stale.
func (l *loop) look() *scan {
	l.awaitBirths()
	now := time.Now()
	if l.scanned != nil && now.Sub(l.scanned.at) < scanAge {
		return l.scanned
	}
	s := &l.tree
	s.at, s.orphans, s.byParent = now, s.orphans[:0], nil
	l.scanned = s
	for _, pid := range s.adopted() {
		if _, leader := l.byPID[pid]; !leader {
			s.addOrphan(pid)
		}
	}
	return s
}

// addOrphan enters an orphan, or, while it is dead but not yet waited for,
// what it leaves: its children move on a moment after it is called dead.
func (s *scan) addOrphan(pid int) {
	p, ok := statOf(pid)
	if !ok {
		return
	}
	if !p.dead {
		s.orphans = append(s.orphans, p)
		return
	}
	for _, child := range s.children(pid) {
		s.addOrphan(child)
	}
}

// members are all living processes of a worker but its leader: below the
// leader, and below every orphan that is attributed to it. What is seen is
// remembered, so that it is known again when its parent has gone.
//
// A process that loses its parent moves from the tree to the orphans, never
// back. So the orphans are read after the tree, and again until they hold
// nothing new: what moves meanwhile is not missed.
func (l *loop) members(c *child) []process {
	var found []process
	if !c.exited {
		l.tree.byParent = nil
		found = l.tree.below(c.pid, nil)
		l.scanned = nil
	}
	for {
		before := len(found)
		for _, p := range l.look().orphans {
			if l.originOf(p) == c && !contains(found, p.pid) {
				found = l.tree.below(p.pid, append(found, p))
			}
		}
		if len(found) == before {
			break
		}
		l.scanned = nil
	}
	for _, pid := range cgroupMembers(c.cgroup) {
		if p, ok := statOf(pid); ok && pid != c.pid && !contains(found, pid) {
			found = append(found, p)
		}
	}
	if c.pidfd > 0 { // its orphans are not given to us: they are known by sight only
		for pid, start := range c.known {
			if p, ok := statOf(pid); ok && p.start == start && !p.dead && !contains(found, pid) {
				found = append(found, p)
			}
		}
	}
	if len(found) == 0 && !provable && c.exited && groupAlive(c.pid) {
		found = append(found, process{pid: c.pid, group: c.pid})
	}
	for _, p := range found {
		if c.known == nil {
			c.known = map[int]uint64{}
		}
		c.known[p.pid] = p.start
	}
	return found
}

func contains(list []process, pid int) bool {
	return slices.ContainsFunc(list, func(p process) bool { return p.pid == pid })
}

// below appends all living descendants of pid.
func (s *scan) below(pid int, found []process) []process {
	for _, child := range s.children(pid) {
		p, ok := statOf(child)
		if ok && !p.dead {
			found = append(found, p)
		}
		if ok { // below a dead one too: see addOrphan
			found = s.below(child, found)
		}
	}
	return found
}

// originOf says whose an orphan is: by its process group, its cgroup, the
// marks in its environment, or because it was seen below a worker before. Nil
// means that nobody can tell.
func (l *loop) originOf(p process) *child {
	if c, ok := l.origin[p.pid]; ok && (c == nil || l.workers[c.key] == c) {
		return c
	}
	c := l.attribute(p)
	l.origin[p.pid] = c
	return c
}

func (l *loop) attribute(p process) *child {
	for _, c := range l.workers {
		if c.pid == p.group && c.start <= p.start {
			return c
		}
		if start, ok := c.known[p.pid]; ok && start == p.start {
			return c
		}
	}
	for _, c := range l.workers {
		for _, pid := range cgroupMembers(c.cgroup) {
			if pid == p.pid {
				return c
			}
		}
	}
	return l.marked(marks(environment(p.pid)), p.start)
}

// marked finds the worker that an environment names: without an incarnation,
// the last one that was there when the process began.
func (l *loop) marked(k key, start uint64) *child {
	if k.incarnation != 0 || k.guid == "" {
		return l.workers[k]
	}
	var last *child
	for _, c := range l.workers {
		if c.guid == k.guid && c.start <= start && (last == nil || c.start > last.start) {
			last = c
		}
	}
	return last
}

// strays names the processes that nobody can attribute and that began since.
func (l *loop) strays(since uint64) (list []string) {
	for _, p := range l.look().orphans {
		if l.originOf(p) == nil && p.start >= since {
			list = append(list, fmt.Sprintf("%d %s", p.pid, command(p.pid)))
		}
	}
	return list
}
