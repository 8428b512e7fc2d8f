package bytebudget

import (
	"container/list"
	"context"
	"sync"
)

// Budget limits the bytes that are reserved at the same time. Make one with New.
// Any goroutine may call its methods.
type Budget struct {
	limit int64

	mu      sync.Mutex
	used    int64
	waiting list.List // of *reservation: in the order of arrival
}

// reservation is a Reserve that waits.
type reservation struct {
	bytes   int64
	granted chan struct{} // closed when the bytes are reserved
}

// New returns a budget of so many bytes.
func New(limit int64) *Budget { return &Budget{limit: limit} }

// Reserve reserves n bytes. It waits until they are free, behind the reservations
// before it, so that small reservations do not overtake a large reservation for
// ever. More than the whole budget is reserved when nothing else is reserved. The
// wait ends with ctx. The caller calls release
// once. The error is that of ctx.
func (b *Budget) Reserve(ctx context.Context, n int64) (release func(), err error) {
	n = min(n, b.limit)
	release = func() { b.release(n) }
	b.mu.Lock()
	if b.waiting.Len() == 0 && b.used+n <= b.limit {
		b.used += n
		b.mu.Unlock()
		return release, nil
	}
	r := &reservation{bytes: n, granted: make(chan struct{})}
	place := b.waiting.PushBack(r)
	b.mu.Unlock()
	select {
	case <-r.granted:
		return release, nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-r.granted: // at the same moment
		return release, nil
	default:
	}
	b.waiting.Remove(place)
	b.lockedGrant()
	return nil, ctx.Err()
}

func (b *Budget) release(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= n
	b.lockedGrant()
}

// lockedGrant grants the reservations that fit, the oldest first.
func (b *Budget) lockedGrant() {
	for first := b.waiting.Front(); first != nil; first = b.waiting.Front() {
		r := first.Value.(*reservation)
		if b.used+r.bytes > b.limit {
			return
		}
		b.used += r.bytes
		b.waiting.Remove(first)
		close(r.granted)
	}
}
