package worker

import "time"

// The limits of finishedTasks: age, number and size of the outcomes. The
// oldest outcome is forgotten first. Age and number are part of the contract
// (docs/worker-contract.md, section 2). The size is not: ten thousand results
// of the largest size would be 640 GB.
const (
	rememberFor   = 10 * time.Minute
	rememberTasks = 10_000
	rememberBytes = 64 << 20
)

// finishedTasks holds the outcomes of finished tasks, oldest first, in a ring
// that grows as needed and is then reused. The executor's mutex guards it. The
// zero value is empty.
type finishedTasks struct {
	ring  []finishedTask        // its length is a power of two
	first uint64                // number of the oldest entry
	next  uint64                // number of the next entry
	place map[attemptKey]uint64 // entry numbers; the map holds no pointers for the garbage collector to follow
	bytes int
}

type finishedTask struct {
	key     attemptKey
	at      time.Time
	outcome taskOutcome
	bytes   int
}

// entry returns the entry with that number.
func (m *finishedTasks) entry(n uint64) *finishedTask { return &m.ring[n&uint64(len(m.ring)-1)] }

// count returns the number of entries.
func (m *finishedTasks) count() int { return int(m.next - m.first) }

// addTask adds an outcome and evicts what exceeds the limits.
func (m *finishedTasks) addTask(key attemptKey, o taskOutcome, now time.Time) {
	m.evictOldest(now)
	if m.count() == len(m.ring) {
		m.growRing()
	}
	bytes := len(o.Result)
	*m.entry(m.next) = finishedTask{key, now, o, bytes}
	m.place[key] = m.next
	m.next++
	m.bytes += bytes
	m.evictOldest(now)
}

// growRing doubles the ring.
func (m *finishedTasks) growRing() {
	before := *m
	m.ring = make([]finishedTask, max(64, 2*len(before.ring)))
	for n := m.first; n < m.next; n++ {
		*m.entry(n) = *before.entry(n)
	}
	if m.place == nil {
		m.place = map[attemptKey]uint64{}
	}
}

// findOutcome returns the outcome of a task, unless it is too old.
func (m *finishedTasks) findOutcome(key attemptKey, now func() time.Time) (taskOutcome, bool) {
	n, ok := m.place[key]
	if !ok {
		return taskOutcome{}, false
	}
	f := m.entry(n)
	return f.outcome, now().Sub(f.at) < rememberFor
}

// forgetTask removes a task before its turn. Its entry in the ring stays until
// it is evicted.
func (m *finishedTasks) forgetTask(key attemptKey) { delete(m.place, key) }

// evictOldest evicts entries that are too old, or that exceed the number or
// the size. The newest entry stays, unless it is too old.
func (m *finishedTasks) evictOldest(now time.Time) {
	for m.count() > 0 {
		n, oldest := m.first, m.entry(m.first)
		tooMuch := m.count() > 1 && (m.count() > rememberTasks || m.bytes > rememberBytes)
		if !tooMuch && now.Sub(oldest.at) < rememberFor {
			return
		}
		if m.place[oldest.key] == n {
			delete(m.place, oldest.key)
		}
		m.bytes -= oldest.bytes
		m.first++
		*oldest = finishedTask{} // release the result's memory
	}
}
