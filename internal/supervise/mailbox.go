package supervise

import "sync"

// mailbox is a queue without a limit between any number of senders and one
// reader. Putting never blocks, which a channel cannot promise: the
// dispatcher, whose loop must not wait for ours, reports through it while ours
// may be telling it something. It is as long as what happened since the reader
// last looked.
type mailbox[T any] struct {
	mu     sync.Mutex
	items  []T
	closed bool
	wake   chan struct{} // holds one token while there is something to take
}

func newMailbox[T any]() *mailbox[T] { return &mailbox[T]{wake: make(chan struct{}, 1)} }

// put reports false when nobody will ever read it.
func (m *mailbox[T]) put(item T) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return false
	}
	m.items = append(m.items, item)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	return true
}

// take returns everything that was put since the last take.
func (m *mailbox[T]) take() []T {
	m.mu.Lock()
	defer m.mu.Unlock()
	items := m.items
	m.items = nil
	return items
}

// close refuses further items.
func (m *mailbox[T]) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.items = true, nil
}
