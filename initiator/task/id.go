package task

import (
	"crypto/rand"
	"sync"

	"github.com/google/uuid"
)

// NewID returns a new task's id, a UUIDv7. Any goroutine may call it.
func NewID() uuid.UUID { return uuid.Must(uuid.NewV7FromReader(&randomPool)) }

// randomPool supplies random bytes for NewID. Reading them from the kernel for each
// id costs more than the rest of a submit up to the queue.
var randomPool randomBuffer

// randomBuffer is an io.Reader of random bytes, which it reads from the kernel in
// larger pieces. Any goroutine may use it. The zero value is ready.
type randomBuffer struct {
	mu     sync.Mutex
	rest   []byte // unused bytes of buffer
	buffer [4096]byte
}

// Read implements io.Reader. It returns no byte twice.
func (s *randomBuffer) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) == 0 {
		s.rest = s.buffer[:]
		rand.Read(s.rest) // never fails, see crypto/rand
	}
	n := copy(p, s.rest)
	clear(s.rest[:n]) // keep no copy of bytes that were returned
	s.rest = s.rest[n:]
	return n, nil
}
