package keeper

import (
	"slices"
	"time"
)

// A memo is what an initiator leaves here about one worker for its successor.
// The keeper does not read it. With it lie the events that it does not tell of
// yet: whoever comes next begins from the memo and hears the rest, so that
// nothing is judged twice and nothing is missed, whenever its predecessor died.

// memo is what was left for one guid.
type memo struct {
	blob   []byte
	keep   bool // it outlives the initiator; otherwise it is for an upgrade only
	grace  time.Duration
	events []Event // that the blob knows nothing of
	lines  int     // bytes of output among them
}

// add keeps an event, and lets go of the oldest output when there is too much.
func (m *memo) add(e Event) {
	m.events = append(m.events, e)
	m.lines += e.size()
	for i := 0; m.lines > gapRoom && i < len(m.events); {
		if m.events[i].Kind != KindOutput {
			i++
			continue
		}
		m.lines -= m.events[i].size()
		m.events = slices.Delete(m.events, i, i+1)
	}
}

// size is that of the lines in it.
func (e *Event) size() (n int) {
	for _, line := range e.Lines {
		n += len(line)
	}
	return n
}

// deposit takes a memo. An empty one takes it back.
func (l *loop) deposit(m *message) {
	if len(m.Snapshot) == 0 {
		delete(l.memos, m.GUID)
		return
	}
	known := l.memos[m.GUID]
	if known == nil {
		known = &memo{}
		l.memos[m.GUID] = known
	}
	known.blob, known.keep, known.grace = m.Snapshot, m.On, m.Grace
	known.events = after(known.events, m.SnapshotSeq)
	known.recount()
}

// after leaves out the events that were seen.
func after(events []Event, seen uint64) []Event {
	return slices.DeleteFunc(events, func(e Event) bool { return e.Seq > 0 && e.Seq <= seen })
}

// remember numbers an event and puts it with the memo of its worker. Output is
// kept in a gap, where somebody had asked to see it; and at any time where it
// is awaited: whoever is told the line that says "ready" may die before it has
// left word of it. A warning is for whoever is there. It reports false for
// output that has found no room.
func (l *loop) remember(e *Event) bool {
	m := l.memos[e.GUID]
	switch {
	case m == nil:
	case e.Kind == KindOutput && l.awaited[e.GUID]:
		l.seq++
		e.Seq = l.seq
		m.add(*e)
	case e.Kind == KindOutput && l.gap != nil:
		if m.lines > gapRoom {
			return false
		}
		m.lines += e.size()
		m.events = append(m.events, *e)
	case e.Kind == KindSpawned, e.Kind == KindSpawnFailed, e.Kind == KindExited, e.Kind == KindEmptied:
		l.seq++
		e.Seq = l.seq
		m.events = append(m.events, *e)
	}
	return true
}

// gapRoom bounds, in bytes, the lines that wait for the next initiator, for
// each worker. What is beyond it is counted, and in its log file.
const gapRoom = 64 << 10

// keptMemos reports whether a memo is there that outlives the initiator, and
// for how long one may be wanted at most.
func (l *loop) keptMemos() (any bool, grace time.Duration) {
	for _, m := range l.memos {
		if m.keep {
			any, grace = true, max(grace, m.grace)
		}
	}
	return any, grace
}

// forgetUnkept drops the memos that were for an upgrade.
func (l *loop) forgetUnkept() {
	for guid, m := range l.memos {
		if !m.keep {
			delete(l.memos, guid)
		}
	}
}

// briefing is what a new initiator is told: every memo with the process that
// it is about, kept processes without one, and then what no memo tells of.
func (l *loop) briefing(now time.Time) (events []Event) {
	for guid, m := range l.memos {
		e := Event{Kind: KindKept, GUID: guid, Snapshot: m.blob}
		_, e.HasSocket = l.held[guid]
		if c := l.newest(guid); c != nil {
			c.describe(&e)
		}
		events = append(events, e)
	}
	for _, c := range l.byPID {
		if l.memos[c.guid] == nil && c.end == nil {
			e := Event{Kind: KindKept, GUID: c.guid}
			c.describe(&e)
			events = append(events, e)
		}
	}
	for _, m := range l.memos {
		for _, e := range m.events {
			e.Age = now.Sub(e.At)
			events = append(events, e)
		}
		m.forgetLines(false) // whoever dies before it has read them has them in the log
	}
	return events
}

// forgetLines drops the output that waits, once it was told; and that which is
// told again and again, once nobody awaits it any more.
func (m *memo) forgetLines(awaited bool) {
	m.events = slices.DeleteFunc(m.events, func(e Event) bool { return e.Kind == KindOutput && (awaited || e.Seq == 0) })
	m.recount()
}

func (m *memo) recount() {
	m.lines = 0
	for i := range m.events {
		m.lines += m.events[i].size()
	}
}

func (c *child) describe(e *Event) {
	e.Incarnation = c.incarnation
	if !c.exited {
		e.PID, e.StartTime = c.pid, c.start
	}
}

// newest is the last process of a guid of which something is left.
func (l *loop) newest(guid string) (last *child) {
	for _, c := range l.workers {
		if c.guid == guid && (last == nil || c.incarnation > last.incarnation) {
			last = c
		}
	}
	return last
}
