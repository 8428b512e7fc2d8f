package mailbox

import "sync"

// Mailbox is an unbounded queue between any number of senders and one
// receiver. Use New; the zero value gives no wakeup.
type Mailbox[T any] struct {
	mu     sync.Mutex
	items  []T
	closed bool
	wakeup chan struct{} // holds one token while items wait
}

// New returns an empty, open mailbox.
func New[T any]() *Mailbox[T] { return &Mailbox[T]{wakeup: make(chan struct{}, 1)} }

// Put appends an item. It never blocks, and any goroutine may call it. It
// returns false after Close: the receiver will not take the item.
func (m *Mailbox[T]) Put(item T) bool {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return false
	}
	m.items = append(m.items, item)
	m.mu.Unlock()
	select {
	case m.wakeup <- struct{}{}:
	default:
	}
	return true
}

// Wakeup returns a channel that yields a token after a Put. Puts that follow
// each other share one token. Take may return nothing after a token, because an
// earlier Take has already returned the items. Close sends no token.
func (m *Mailbox[T]) Wakeup() <-chan struct{} { return m.wakeup }

// Take returns all waiting items in the order in which they were put. The
// mailbox collects the next items in the memory of spare, which it clears: pass
// the slice that the previous Take returned, once its items are handled, or nil.
// Only the receiver may call it.
func (m *Mailbox[T]) Take(spare []T) []T {
	clear(spare)
	m.mu.Lock()
	defer m.mu.Unlock()
	items := m.items
	m.items = spare[:0]
	return items
}

// Close makes every further Put return false. It returns the items that were
// not taken, so that the receiver can refuse them; a second Close returns none.
func (m *Mailbox[T]) Close() []T {
	m.mu.Lock()
	defer m.mu.Unlock()
	items := m.items
	m.closed, m.items = true, nil
	return items
}
