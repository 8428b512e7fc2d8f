package api

import (
	"context"
	"sync"

	"initiator/initiator/task"
	"initiator/internal/bounds"
)

// dataBudget limits how much data of one client is in memory because its tasks are
// not stored yet: a disk may be slow, and a client may send faster than any disk
// writes. The zero value is unused.
type dataBudget struct {
	mu    sync.Mutex
	used  int
	freed chan struct{} // closed when data was stored; nil = no goroutine waits
}

// countedData is the length of the shortest data that a dataBudget counts. Shorter
// data is limited by the number of open requests.
const countedData = 4 << 10

// reserveData waits until the data of one more task fits, or until ctx ends. It
// returns a function for the dispatcher to call when the task is stored or refused,
// which calls taken. taken may be nil. Data that is longer than the budget fits when
// it is alone.
func (b *dataBudget) reserveData(ctx context.Context, length int, taken func(task.Task, error)) func(task.Task, error) {
	if length < countedData {
		return taken
	}
	for {
		freed := b.tryReserve(length)
		if freed == nil {
			break
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return taken // the stream has ended, and so will the request
		}
	}
	return func(t task.Task, err error) {
		b.release(length)
		if taken != nil {
			taken(t, err)
		}
	}
}

// tryReserve reserves length bytes and returns nil, or returns a channel that is
// closed when it is worth another try.
func (b *dataBudget) tryReserve(length int) (freed chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.used == 0 || b.used+length <= bounds.StreamUnstored {
		b.used += length
		return nil
	}
	if b.freed == nil {
		b.freed = make(chan struct{})
	}
	return b.freed
}

func (b *dataBudget) release(length int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used -= length
	if b.freed != nil {
		close(b.freed)
		b.freed = nil
	}
}
