package keeper

import (
	"slices"
	"time"
)

// A snapshot is what an initiator saves here about one worker for the next
// initiator. The keeper does not read it. With the snapshot the keeper records
// the events that it does not cover yet. The next initiator begins from the
// snapshot and reads these events, so that no event is judged twice and none is
// missed, whenever the initiator before it died.

// snapshot is the saved state of one worker.
type snapshot struct {
	blob        []byte
	keep        bool // it outlives the initiator; false = for an upgrade only
	grace       time.Duration
	events      []Event // events that blob does not cover
	outputBytes int     // bytes of lines among events
}

// addEvent records an event, and drops the oldest output while there is too
// much.
func (s *snapshot) addEvent(e Event) {
	s.events = append(s.events, e)
	s.outputBytes += e.outputBytes()
	for i := 0; s.outputBytes > windowOutputLimit && i < len(s.events); {
		if s.events[i].Kind != KindOutput {
			i++
			continue
		}
		s.outputBytes -= s.events[i].outputBytes()
		s.events = slices.Delete(s.events, i, i+1)
	}
}

// outputBytes counts the bytes of the event's lines.
func (e *Event) outputBytes() (n int) {
	for _, line := range e.Lines {
		n += len(line)
	}
	return n
}

// saveSnapshot saves a snapshot. An empty snapshot deletes it.
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

// dropCovered removes the events up to the number seen.
func dropCovered(events []Event, seen uint64) []Event {
	return slices.DeleteFunc(events, func(e Event) bool { return e.Seq > 0 && e.Seq <= seen })
}

// recordEvent numbers an event and records it with the snapshot of its worker.
// Output of a watched worker is recorded in a handover window; output that is
// awaited at any time, because an initiator that was sent the line "ready" may
// die before it has saved that. A warning is not recorded. It returns false for
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
	case e.Kind == KindMain && e.Error != "": // nothing has changed
	case e.Kind == KindSpawned, e.Kind == KindSpawnFailed, e.Kind == KindExited, e.Kind == KindEmptied, e.Kind == KindMainExited, e.Kind == KindMain:
		l.seq++
		e.Seq = l.seq
		m.events = append(m.events, *e)
	}
	return true
}

// windowOutputLimit bounds, in bytes, the lines of each worker that wait for
// the next initiator. Further lines are counted, and are in the worker's log
// file.
const windowOutputLimit = 64 << 10

// keptSnapshots reports whether a snapshot is there that outlives the
// initiator, and the longest grace of these snapshots.
func (l *loop) keptSnapshots() (any bool, grace time.Duration) {
	for _, m := range l.snapshots {
		if m.keep {
			any, grace = true, max(grace, m.grace)
		}
	}
	return any, grace
}

// dropUnkeptSnapshots drops the snapshots that were for an upgrade.
func (l *loop) dropUnkeptSnapshots() {
	for guid, m := range l.snapshots {
		if !m.keep {
			delete(l.snapshots, guid)
		}
	}
}

// handoverEvents returns the state for a new initiator: every snapshot with its
// process, kept processes without a snapshot, and then the events that no
// snapshot covers.
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
	events = append(events, l.memberEvents()...)
	for _, m := range l.snapshots {
		for _, e := range m.events {
			e.Age = now.Sub(e.At)
			events = append(events, e)
		}
		m.dropOutput(false) // an initiator that dies before it has read them finds them in the log
	}
	return events
}

// dropOutput drops recorded output that was sent once, and with awaited also
// output that is repeated to every initiator.
func (s *snapshot) dropOutput(awaited bool) {
	s.events = slices.DeleteFunc(s.events, func(e Event) bool { return e.Kind == KindOutput && (awaited || e.Seq == 0) })
	s.recountOutput()
}

func (s *snapshot) recountOutput() {
	s.outputBytes = 0
	for i := range s.events {
		s.outputBytes += s.events[i].outputBytes()
	}
}

func (c *child) describeTo(e *Event) {
	e.Incarnation = c.incarnation
	if !c.exited {
		e.PID, e.StartTime = c.pid, c.start
	}
}

// newestChild returns the last incarnation of a guid that still has a process.
func (l *loop) newestChild(guid string) (last *child) {
	for _, c := range l.workers {
		if c.guid == guid && (last == nil || c.incarnation > last.incarnation) {
			last = c
		}
	}
	return last
}
