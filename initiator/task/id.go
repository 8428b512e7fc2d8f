package task

import (
	"crypto/rand"
	"sync"

	"github.com/google/uuid"
)

// NewID returns a new task's id, a UUIDv7. Any goroutine may call it.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7FromReader(&randomPool)) }

// randomPool holds randomness for a few hundred ids: to ask the kernel for each of
// them costs more than the rest of a submit's way into the queue.
var randomPool randomBuffer

type randomBuffer struct {
	mu     sync.Mutex
	rest   []byte // of room
	buffer [4096]byte
}

// Read implements io.Reader. No byte is given out twice.
func (s *randomBuffer) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) == 0 {
		s.rest = s.buffer[:]
		rand.Read(s.rest) // never fails, see crypto/rand
	}
	n := copy(p, s.rest)
	clear(s.rest[:n]) // nobody can read here what was given out
	s.rest = s.rest[n:]
	return n, nil
}
