// Package journal holds the newest transitions of workers, by number, for readers
// that each remember the last number that they have read.
package journal

import (
	"sync"

	"initiator/initiator/report"
)

// size is how many transitions are held for a reader that is late.
const size = 10_000

// Journal holds transitions. Writing never waits for a reader. Its methods may
// be called by any goroutine.
type Journal struct {
	mu     sync.Mutex
	list   []report.Event
	last   uint64 // the newest number; before the first transition, that of an earlier run
	wakeup chan struct{}
}

// New makes an empty journal that goes on after the number lastSeq.
func New(lastSeq uint64) *Journal { return &Journal{last: lastSeq, wakeup: make(chan struct{})} }

// AddTransition adds one transition and wakes the readers.
func (j *Journal) AddTransition(t report.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.list) >= 2*size {
		j.list = append(j.list[:0:0], j.list[size:]...)
	}
	j.list, j.last = append(j.list, t), t.Seq
	close(j.wakeup)
	j.wakeup = make(chan struct{})
}

// Since returns the transitions after a number that are still held, and a channel
// that is closed when there are more.
func (j *Journal) Since(seq uint64) (list []report.Event, more <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	from := len(j.list)
	for from > 0 && j.list[from-1].Seq > seq {
		from--
	}
	return append([]report.Event(nil), j.list[from:]...), j.wakeup
}

// LastSeq returns the number of the newest transition.
func (j *Journal) LastSeq() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}
