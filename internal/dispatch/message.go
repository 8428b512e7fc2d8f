package dispatch

import (
	"sync"
	"time"
)

// message is one thing that the loop can be told. Its apply runs in the loop.
type message interface {
	apply(d *Dispatcher, now time.Time)
}

// mailbox collects messages for the loop, which takes all that wait at once:
// a batch is then committed as one. put never blocks.
type mailbox struct {
	mu     sync.Mutex
	waits  []message
	closed bool
	bell   chan struct{} // holds one token while something waits
}

func newMailbox() *mailbox { return &mailbox{bell: make(chan struct{}, 1)} }

// put leaves a message and reports whether anybody will read it.
func (b *mailbox) put(m message) bool {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return false
	}
	b.waits = append(b.waits, m)
	b.mu.Unlock()
	select {
	case b.bell <- struct{}{}:
	default:
	}
	return true
}

// take returns what waits, and takes back the slice of the last round.
func (b *mailbox) take(emptied []message) []message {
	clear(emptied)
	b.mu.Lock()
	defer b.mu.Unlock()
	full := b.waits
	b.waits = emptied[:0]
	return full
}

// close refuses further messages and returns those that nobody read.
func (b *mailbox) close() []message {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return b.waits
}
