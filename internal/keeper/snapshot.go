package keeper

import (
	"slices"
	"time"
)

// A memo is what an initiator leaves here about one worker for its successor.
// The keeper does not read it. With it lie the events that it does not tell of
// yet: whoever comes next begins from the memo and hears the rest, so that
// nothing is judged twice and nothing is missed, whenever its predecessor died.

// snapshot is what was left for one guid.
type snapshot struct {
	blob        []byte
	keep        bool // it outlives the initiator; otherwise it is for an upgrade only
	grace       time.Duration
	events      []Event // that the blob knows nothing of
	outputBytes int     // bytes of output among them
}

// addEvent keeps an event, and lets go of the oldest output when there is too much.
func (m *snapshot) addEvent(e Event) {
	m.events = append(m.events, e)
	m.outputBytes += e.outputBytes()
	for i := 0; m.outputBytes > windowOutputLimit && i < len(m.events); {
		if m.events[i].Kind != KindOutput {
			i++
			continue
		}
		m.outputBytes -= m.events[i].outputBytes()
		m.events = slices.Delete(m.events, i, i+1)
	}
}

// outputBytes is that of the lines in it.
func (e *Event) outputBytes() (n int) {
	for _, line := range e.Lines {
		n += len(line)
	}
	return n
}

// saveSnapshot takes a memo. An empty one takes it back.
func (l *loop) saveSnapshot(m *message) {
	if len(m.Snapshot) == 0 {
		delete(l.snapshots, m.GUID)
		return
	}
	known := l.snapshots[m.GUID]
	if known == nil {
		known = &snapshot{}
		l.snapshots[m.GUID] = known
	}
	known.blob, known.keep, known.grace = m.Snapshot, m.On, m.Grace
	known.events = dropCovered(known.events, m.SnapshotSeq)
	known.recountOutput()
}

// dropCovered leaves out the events that were seen.
func dropCovered(events []Event, seen uint64) []Event {
	return slices.DeleteFunc(events, func(e Event) bool { return e.Seq > 0 && e.Seq <= seen })
}

// recordEvent numbers an event and puts it with the memo of its worker. Output is
// kept in a gap, where somebody had asked to see it; and at any time where it
// is awaited: whoever is told the line that says "ready" may die before it has
// left word of it. A warning is for whoever is there. It reports false for
// output that has found no room.
func (l *loop) recordEvent(e *Event) bool {
	m := l.snapshots[e.GUID]
	switch {
	case m == nil:
	case e.Kind == KindOutput && l.awaited[e.GUID]:
		l.seq++
		e.Seq = l.seq
		m.addEvent(*e)
	case e.Kind == KindOutput && l.window != nil:
		if m.outputBytes > windowOutputLimit {
			return false
		}
		m.outputBytes += e.outputBytes()
		m.events = append(m.events, *e)
	case e.Kind == KindSpawned, e.Kind == KindSpawnFailed, e.Kind == KindExited, e.Kind == KindEmptied:
		l.seq++
		e.Seq = l.seq
		m.events = append(m.events, *e)
	}
	return true
}

// windowOutputLimit bounds, in bytes, the lines that wait for the next initiator, for
// each worker. What is beyond it is counted, and in its log file.
const windowOutputLimit = 64 << 10

// keptSnapshots reports whether a memo is there that outlives the initiator, and
// for how long one may be wanted at most.
func (l *loop) keptSnapshots() (any bool, grace time.Duration) {
	for _, m := range l.snapshots {
		if m.keep {
			any, grace = true, max(grace, m.grace)
		}
	}
	return any, grace
}

// dropUnkeptSnapshots drops the memos that were for an upgrade.
func (l *loop) dropUnkeptSnapshots() {
	for guid, m := range l.snapshots {
		if !m.keep {
			delete(l.snapshots, guid)
		}
	}
}

// handoverEvents is what a new initiator is told: every memo with the process that
// it is about, kept processes without one, and then what no memo tells of.
func (l *loop) handoverEvents(now time.Time) (events []Event) {
	for guid, m := range l.snapshots {
		e := Event{Kind: KindKept, GUID: guid, Snapshot: m.blob}
		_, e.HasSocket = l.held[guid]
		if c := l.newestChild(guid); c != nil {
			c.describeTo(&e)
		}
		events = append(events, e)
	}
	for _, c := range l.byPID {
		if l.snapshots[c.guid] == nil && c.end == nil {
			e := Event{Kind: KindKept, GUID: c.guid}
			c.describeTo(&e)
			events = append(events, e)
		}
	}
	for _, m := range l.snapshots {
		for _, e := range m.events {
			e.Age = now.Sub(e.At)
			events = append(events, e)
		}
		m.dropOutput(false) // whoever dies before it has read them has them in the log
	}
	return events
}

// dropOutput drops the output that waits, once it was told; and that which is
// told again and again, once nobody awaits it any more.
func (m *snapshot) dropOutput(awaited bool) {
	m.events = slices.DeleteFunc(m.events, func(e Event) bool { return e.Kind == KindOutput && (awaited || e.Seq == 0) })
	m.recountOutput()
}

func (m *snapshot) recountOutput() {
	m.outputBytes = 0
	for i := range m.events {
		m.outputBytes += m.events[i].outputBytes()
	}
}

func (c *child) describeTo(e *Event) {
	e.Incarnation = c.incarnation
	if !c.exited {
		e.PID, e.StartTime = c.pid, c.start
	}
}

// newestChild is the last process of a guid of which something is left.
func (l *loop) newestChild(guid string) (last *child) {
	for _, c := range l.workers {
		if c.guid == guid && (last == nil || c.incarnation > last.incarnation) {
			last = c
		}
	}
	return last
}
