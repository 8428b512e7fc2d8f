package task

import (
	"crypto/rand"
	"sync"

	"github.com/google/uuid"
)

// NewID returns a new task's id, a UUIDv7. Any goroutine may call it.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7FromReader(&dice)) }

// dice holds randomness for a few hundred ids: to ask the kernel for each of
// them costs more than the rest of a submit's way into the queue.
var dice stock

type stock struct {
	mu   sync.Mutex
	left []byte // of room
	room [4096]byte
}

// Read implements io.Reader. No byte is given out twice.
func (s *stock) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) == 0 {
		s.left = s.room[:]
		rand.Read(s.left) // never fails, see crypto/rand
	}
	n := copy(p, s.left)
	clear(s.left[:n]) // nobody can read here what was given out
	s.left = s.left[n:]
	return n, nil
}
