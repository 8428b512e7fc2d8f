package initiator

import (
	"sync"

	"initiator/internal/supervise"
)

// journalSize is how many transitions are held for those who come late.
const journalSize = 10_000

// journal holds the newest transitions, by number. Writing never waits for a
// reader: each reader comes back with the last number that it has seen.
type journal struct {
	mu   sync.Mutex
	list []supervise.Transition
	last uint64 // the newest number; of an earlier run until there is one
	more chan struct{}
}

func newJournal() *journal { return &journal{more: make(chan struct{})} }

// note adds one transition and wakes the readers.
func (j *journal) note(t supervise.Transition) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if len(j.list) >= 2*journalSize {
		j.list = append(j.list[:0:0], j.list[journalSize:]...)
	}
	j.list, j.last = append(j.list, t), t.Seq
	close(j.more)
	j.more = make(chan struct{})
}

// since returns what is held after a number, and a channel that is closed when
// there is more.
func (j *journal) since(seq uint64) ([]supervise.Transition, <-chan struct{}) {
	j.mu.Lock()
	defer j.mu.Unlock()
	from := len(j.list)
	for from > 0 && j.list[from-1].Seq > seq {
		from--
	}
	return append([]supervise.Transition(nil), j.list[from:]...), j.more
}

// newest is the number of the newest transition.
func (j *journal) newest() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}
