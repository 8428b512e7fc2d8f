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

// remembered holds the outcomes of finished tasks, oldest first, in a ring that
// grows to what is needed and is then used again and again. The executor's
// mutex guards it. The zero value is empty.
type remembered struct {
	ring  []finished         // its length is a power of two
	first uint64             // number of the oldest
	next  uint64             // number of the one to come
	place map[taskKey]uint64 // the numbers; it holds no pointers for the collector to follow
	bytes int
}

type finished struct {
	key     taskKey
	at      time.Time
	outcome Outcome
	bytes   int
}

// at is where the one with that number stands.
func (m *remembered) at(n uint64) *finished { return &m.ring[n&uint64(len(m.ring)-1)] }

// len is how many are held.
func (m *remembered) len() int { return int(m.next - m.first) }

// add remembers one more, and forgets what is then too much.
func (m *remembered) add(key taskKey, o Outcome, now time.Time) {
	m.forget(now)
	if m.len() == len(m.ring) {
		m.grow()
	}
	bytes := len(o.Result)
	*m.at(m.next) = finished{key, now, o, bytes}
	m.place[key] = m.next
	m.next++
	m.bytes += bytes
	m.forget(now)
}

// grow doubles the ring.
func (m *remembered) grow() {
	before := *m
	m.ring = make([]finished, max(64, 2*len(before.ring)))
	for n := m.first; n < m.next; n++ {
		*m.at(n) = *before.at(n)
	}
	if m.place == nil {
		m.place = map[taskKey]uint64{}
	}
}

// find returns how a task has ended, unless that is too long ago.
func (m *remembered) find(key taskKey, now func() time.Time) (Outcome, bool) {
	n, ok := m.place[key]
	if !ok {
		return Outcome{}, false
	}
	f := m.at(n)
	return f.outcome, now().Sub(f.at) < rememberFor
}

// drop forgets one out of turn. Its place in the ring is left to pass.
func (m *remembered) drop(key taskKey) { delete(m.place, key) }

// forget drops what is too old, or too much. The last one to finish always
// stays, unless it is too old.
func (m *remembered) forget(now time.Time) {
	for m.len() > 0 {
		n, oldest := m.first, m.at(m.first)
		tooMuch := m.len() > 1 && (m.len() > rememberTasks || m.bytes > rememberBytes)
		if !tooMuch && now.Sub(oldest.at) < rememberFor {
			return
		}
		if m.place[oldest.key] == n {
			delete(m.place, oldest.key)
		}
		m.bytes -= oldest.bytes
		m.first++
		*oldest = finished{} // let the result go
	}
}
