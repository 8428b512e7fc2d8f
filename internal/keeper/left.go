package keeper

import (
	"cmp"
	"slices"

	"initiator/internal/procfs"
)

// A left process is a process that a worker has left and that is not ended: see
// EndOrder.Leave. It belongs to no worker any more. The keeper remembers it until
// it ends, so that neither the end of a worker nor the end of the keeper ends it,
// and counts every process that it starts as left too.

// LeftProcess is a process that a worker has left. PID and StartTime together
// never name another process. GUID and Incarnation name the worker.
type LeftProcess struct {
	PID         int
	StartTime   uint64
	GUID        string `json:",omitempty"`
	Incarnation int    `json:",omitempty"`
	// Cgroup is the cgroup of the worker, in which the process still is; "" = it
	// had none.
	Cgroup string `json:",omitempty"`
}

// maxLeft bounds the processes of one KindLeft. Event.LeftCount counts all.
const maxLeft = 1024

// leftTable holds the left processes by pid.
type leftTable struct {
	byPID   map[int]leftEntry
	changed bool // since the last KindLeft
}

type leftEntry struct {
	LeftProcess
	session int
	tag     uint64 // of the worker; 0 = none
}

// leftOwner stands in childTable.owners for the orphans that are left processes.
// It is no worker.
var leftOwner = &child{}

// holds reports whether a process is in the table.
func (t *leftTable) holds(p procfs.Process) bool {
	e, ok := t.byPID[p.PID]
	return ok && e.StartTime == p.Start
}

// add enters a process of the worker of entry e, and marks it for the keepers
// and initiators that come later.
func (t *leftTable) add(p procfs.Process, e leftEntry) {
	if t.byPID == nil {
		t.byPID = map[int]leftEntry{}
	}
	e.PID, e.StartTime, e.session = p.PID, p.Start, p.Session
	t.byPID[p.PID] = e
	t.changed = true
	setLeftTag(p.PID, e.tag)
}

// withoutLeft returns the processes that are not left. A list that has a process
// after its parent also loses the children of left processes.
func (t *leftTable) withoutLeft(found []procfs.Process) []procfs.Process {
	if len(t.byPID) == 0 {
		return found
	}
	return slices.DeleteFunc(found, func(p procfs.Process) bool {
		if t.holds(p) {
			return true
		}
		parent, below := t.byPID[p.Parent]
		if below && parent.StartTime <= p.Start {
			t.add(p, parent)
			return true
		}
		return false
	})
}

// find returns the entry to which an orphan belongs that is not in the table: by
// its tag, by the cgroup of its worker, or by the session of a left process.
func (t *leftTable) find(p procfs.Process) (leftEntry, bool) {
	if len(t.byPID) == 0 {
		return leftEntry{}, false
	}
	tag := procfs.RealtimeLimit(p.PID)
	for _, e := range t.byPID {
		if IsLeftTag(tag) && LeftTag(e.tag) == tag || e.StartTime <= p.Start && (e.session == p.Session || e.PID == p.Session || e.PID == p.Group) {
			return e, true
		}
	}
	for dir, e := range t.cgroups() {
		if slices.Contains(cgroupMembers(dir), p.PID) {
			return e, true
		}
	}
	return leftEntry{}, false
}

// isLeft reports whether an orphan is a left process, and enters it.
func (l *loop) isLeft(p procfs.Process) bool {
	if l.left.holds(p) {
		return true
	}
	e, ok := l.left.find(p)
	if ok {
		l.left.add(p, e)
		l.owners[p.PID] = leftOwner
	}
	return ok
}

// cgroups returns an entry for each cgroup in which left processes are.
func (t *leftTable) cgroups() map[string]leftEntry {
	dirs := map[string]leftEntry{}
	for _, e := range t.byPID {
		if e.Cgroup != "" {
			dirs[e.Cgroup] = e
		}
	}
	return dirs
}

// list returns the processes by pid, at most maxLeft.
func (t *leftTable) list() (list []LeftProcess) {
	for _, e := range t.byPID {
		list = append(list, e.LeftProcess)
	}
	slices.SortFunc(list, func(a, b LeftProcess) int { return cmp.Compare(a.PID, b.PID) })
	return list[:min(len(list), maxLeft)]
}

// leaveRest takes from a worker whose main process has ended all processes that
// are not to be ended with it. It looks again until it finds none: a process may
// have forked before it was marked.
func (l *loop) leaveRest(c *child) {
	for {
		rest := slices.DeleteFunc(l.findMembers(c), func(p procfs.Process) bool { return c.endsWithMain(p) })
		if len(rest) == 0 {
			return
		}
		c.left += len(rest)
		if !canProveEmpty { // findMembers names the whole group, which has no start time
			c.groupLeft = true
			return
		}
		for _, p := range rest {
			l.left.add(p, leftEntry{LeftProcess: LeftProcess{GUID: c.guid, Incarnation: c.incarnation, Cgroup: c.cgroup}, tag: c.tag})
			delete(l.owners, p.PID)
			delete(c.seen, p.PID)
		}
		l.scanned = nil
	}
}

// endsWithMain reports whether an EndOrder with Leave ends a process all the
// same: the process group of the main process, when it gets the stop signal.
func (c *child) endsWithMain(p procfs.Process) bool { return c.end.grouped && p.Group == c.group }

// refreshLeft adds the processes that left processes have started, drops the
// processes that have ended, and reports a change. A process may have started
// another process and ended, so the orphans are looked at before any entry is
// dropped.
func (l *loop) refreshLeft() {
	if len(l.left.byPID) > 0 {
		l.tree.children.Forget()
		for pid := range l.left.byPID {
			l.left.withoutLeft(l.tree.appendDescendants(pid, nil))
		}
		for _, p := range l.scanOrphans().orphans {
			l.ownerOf(p)
		}
		l.dropEndedLeft()
	}
	if !l.left.changed {
		return
	}
	l.left.changed = false
	l.ctl.queueEvent(l.leftEvent())
}

func (l *loop) dropEndedLeft() {
	for pid, e := range l.left.byPID {
		if p, ok := procfs.ReadStat(pid); ok && !p.Ended && p.Start == e.StartTime {
			continue
		}
		delete(l.left.byPID, pid)
		l.left.changed = true
		if e.Cgroup != "" && l.workers[key{e.GUID, e.Incarnation}] == nil {
			l.releaseCgroup(e.Cgroup)
		}
	}
}

// releaseCgroup removes the cgroup of a worker that has ended, unless left
// processes are in it: then it goes with the last of them.
func (l *loop) releaseCgroup(dir string) {
	if _, used := l.left.cgroups()[dir]; !used {
		l.removeCgroup(dir)
	}
}

func (l *loop) leftEvent() Event {
	return Event{Kind: KindLeft, Left: l.left.list(), LeftCount: len(l.left.byPID)}
}
