package supervise

import (
	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/procfs"
)

// Leftovers says which processes of an initiator or a keeper that was killed are
// to be ended: the processes of Workers and, unless OnlyWorkers is set, of every
// worker with Mark.
type Leftovers struct {
	Mark        string // Options.Mark of that initiator; "" = not known
	Workers     []LeftWorker
	OnlyWorkers bool
	// Held are the workers whose main process may go on. Its incarnation is
	// left alone while it runs.
	Held []keeper.KeptWorker
	// Left are processes that workers have left and that are not ended, nor what
	// they have started.
	Left []report.LeftProcess
}

// LeftWorker is what is known of the processes of one worker. PID and StartTime
// are those of its main process; PID 0 = not known in this boot.
type LeftWorker struct {
	GUID      string
	PID       int
	StartTime uint64
	Escaped   []keeper.EscapedProcess
}

// leftEntry is the main process of a worker whose processes are looked for.
type leftEntry struct {
	pid   int
	start uint64
	held  bool
}

// mayEnd reports whether the processes of the worker may be ended: not while a
// held worker's main process runs.
func (e *leftEntry) mayEnd() bool {
	start, runs := processStart(e.pid)
	return !e.held || !runs || start != e.start
}

// wasReused reports whether another process has the number of the main process,
// and so may have a session of that number.
func (e *leftEntry) wasReused() bool {
	start, runs := processStart(e.pid)
	return runs && start != e.start
}

// leftoverIndex finds the worker of a process. A process is found by what it
// cannot overwrite: its session and process group, its number and start time if
// it has left them, and the tag that it has inherited; and by its environment.
type leftoverIndex struct {
	Leftovers
	mains   map[int]*leftEntry
	escaped map[keeper.EscapedProcess]*leftEntry
	guids   map[string]bool
	tags    map[uint64]bool       // of any incarnation of Workers, see keeper.TagOfWorker
	held    map[uint64]*leftEntry // by the tag of the incarnation
	left    map[keeper.EscapedProcess]bool
}

func newLeftoverIndex(of Leftovers) *leftoverIndex {
	x := &leftoverIndex{
		Leftovers: of, mains: map[int]*leftEntry{}, escaped: map[keeper.EscapedProcess]*leftEntry{},
		guids: map[string]bool{}, tags: map[uint64]bool{}, held: map[uint64]*leftEntry{},
		left: map[keeper.EscapedProcess]bool{},
	}
	for _, p := range of.Left {
		x.left[keeper.EscapedProcess{PID: p.PID, StartTime: p.StartTime}] = true
	}
	for _, h := range of.Held {
		e := &leftEntry{h.PID, h.StartTime, true}
		x.held[keeper.ProcessTag(of.Mark, h.GUID, h.Incarnation)] = e
		m, _ := decodeSnapshot(h.Snapshot) // an unreadable snapshot names no process
		x.addEntry(e, m.Escaped)
	}
	for _, w := range of.Workers {
		x.guids[w.GUID] = true
		x.tags[keeper.TagOfWorker(keeper.ProcessTag(of.Mark, w.GUID, 0))] = true
		e := x.mains[w.PID]
		if e == nil || e.start != w.StartTime {
			e = &leftEntry{w.PID, w.StartTime, false}
		}
		x.addEntry(e, w.Escaped)
	}
	return x
}

func (x *leftoverIndex) addEntry(e *leftEntry, escaped []keeper.EscapedProcess) {
	if e.pid != 0 && e.start != 0 {
		x.mains[e.pid] = e
		x.escaped[keeper.EscapedProcess{PID: e.pid, StartTime: e.start}] = e // it need not lead a session
	}
	for _, p := range escaped {
		x.escaped[p] = e
	}
}

// includes reports whether a process is a leftover. A process of a held worker
// is one, unless it belongs to the incarnation whose main process still runs:
// when the initiator is killed before it has stored that it has started a
// worker, the snapshot is about an earlier process.
func (x *leftoverIndex) includes(pid int) bool {
	p, ok := procfs.ReadStat(pid)
	return ok && !p.Ended && x.mustEnd(p, procfs.RealtimeLimit, procfs.ReadEnvironment) && !x.isBelowLeft(p)
}

// isBelowLeft reports whether a process was started by a process of Left, or is
// one.
func (x *leftoverIndex) isBelowLeft(p procfs.Process) bool {
	for ok := len(x.left) > 0; ok; p, ok = procfs.ReadStat(p.Parent) {
		if x.left[keeper.EscapedProcess{PID: p.PID, StartTime: p.Start}] {
			return true
		}
	}
	return false
}

// mustEnd is includes for a process that lives and that Left does not name. The
// tag of a left process, of which the keeper did not report everything that it
// has started, spares it too.
func (x *leftoverIndex) mustEnd(p procfs.Process, readTag func(pid int) uint64, readEnvironment func(pid int) []byte) bool {
	if e := x.findByProcess(p); e != nil {
		return e.mayEnd()
	}
	tag := readTag(p.PID)
	if keeper.IsLeftTag(tag) && keeper.TagHasMark(tag, x.Mark) {
		return false
	}
	if e, found := x.findByTag(tag); found {
		return e == nil || e.mayEnd()
	}
	e, found := x.findByEnvironment(readEnvironment(p.PID))
	return found && (e == nil || e.mayEnd())
}

// findByProcess finds the worker by session, process group, or number and start
// time; nil = it is not found.
func (x *leftoverIndex) findByProcess(p procfs.Process) *leftEntry {
	if e := x.escaped[keeper.EscapedProcess{PID: p.PID, StartTime: p.Start}]; e != nil {
		return e
	}
	for _, number := range []int{p.Session, p.Group} {
		if e := x.mains[number]; e != nil && e.start <= p.Start && !e.wasReused() {
			return e
		}
	}
	return nil
}

// findByTag finds the worker by an inherited tag. The entry is nil for a worker
// that is not held.
func (x *leftoverIndex) findByTag(tag uint64) (e *leftEntry, found bool) {
	if e := x.held[tag]; e != nil && tag != 0 {
		return e, true
	}
	return nil, x.tags[keeper.TagOfWorker(tag)] || x.Mark != "" && !x.OnlyWorkers && keeper.TagHasMark(tag, x.Mark)
}

// findByEnvironment finds the worker by the environment with which the process
// was started.
func (x *leftoverIndex) findByEnvironment(environ []byte) (e *leftEntry, found bool) {
	guid := procfs.EnvironValue(environ, "INITIATOR_GUID")
	if guid == "" || !x.guids[guid] && (x.Mark == "" || x.OnlyWorkers || procfs.EnvironValue(environ, markVariable) != x.Mark) {
		return nil, false
	}
	incarnation := procfs.ParseDigits([]byte(procfs.EnvironValue(environ, "INITIATOR_INCARNATION")))
	return x.held[keeper.ProcessTag(x.Mark, guid, max(incarnation, 0))], true
}
