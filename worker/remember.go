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

// remembered is the queue of finished tasks, oldest first. The executor's
// mutex guards it.
type remembered struct {
	queue []finishedRun
	bytes int
}

type finishedRun struct {
	run   *Execution
	at    time.Time
	bytes int
}

func (m *remembered) add(run *Execution, now time.Time, bytes int) {
	m.queue = append(m.queue, finishedRun{run, now, bytes})
	m.bytes += bytes
}

// forget takes what is too old, or too much, off the queue and out of known.
// The last one to finish always stays.
func (m *remembered) forget(now time.Time, known map[taskKey]*Execution) {
	for len(m.queue) > 0 {
		oldest := m.queue[0]
		tooMuch := len(m.queue) > 1 && (len(m.queue) > rememberTasks || m.bytes > rememberBytes)
		if !tooMuch && now.Sub(oldest.at) < rememberFor {
			return
		}
		if key := oldest.run.Task.key(); known[key] == oldest.run {
			delete(known, key)
		}
		m.queue[0] = finishedRun{} // let the result go
		m.queue = m.queue[1:]
		m.bytes -= oldest.bytes
	}
}
