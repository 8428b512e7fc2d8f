package worker

import "time"

// How long, how many and how much of finished tasks is remembered, the oldest
// being forgotten first. Time and number are the contract's. The bytes are
// ours: ten thousand results of the largest size would be 640 GB.
const (
	rememberFor   = 10 * time.Minute
	rememberTasks = 10_000
	rememberBytes = 64 << 20
)

// finishedTasks holds the outcomes of finished tasks, oldest first, in a ring that
// grows to what is needed and is then used again and again. The executor's
// mutex guards it. The zero value is empty.
type finishedTasks struct {
	ring  []finishedTask        // its length is a power of two
	first uint64                // number of the oldest
	next  uint64                // number of the one to come
	place map[attemptKey]uint64 // the numbers; it holds no pointers for the collector to follow
	bytes int
}

type finishedTask struct {
	key     attemptKey
	at      time.Time
	outcome taskOutcome
	bytes   int
}

// entry is where the one with that number stands.
func (m *finishedTasks) entry(n uint64) *finishedTask { return &m.ring[n&uint64(len(m.ring)-1)] }

// count is how many are held.
func (m *finishedTasks) count() int { return int(m.next - m.first) }

// addTask remembers one more, and forgets what is then too much.
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

// findOutcome returns how a task has ended, unless that is too long ago.
func (m *finishedTasks) findOutcome(key attemptKey, now func() time.Time) (taskOutcome, bool) {
	n, ok := m.place[key]
	if !ok {
		return taskOutcome{}, false
	}
	f := m.entry(n)
	return f.outcome, now().Sub(f.at) < rememberFor
}

// forgetTask forgets one out of turn. Its place in the ring is left to pass.
func (m *finishedTasks) forgetTask(key attemptKey) { delete(m.place, key) }

// evictOldest drops what is too old, or too much. The last one to finish always
// stays, unless it is too old.
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
		*oldest = finishedTask{} // let the result go
	}
}
