package initiator

import "sync"

// background counts the goroutines that run on behalf of Run. Run waits for them
// at its end. A goroutine that is requested at that very moment is either waited
// for or refused. The zero value is ready.
type background struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// startGoroutine runs f in a goroutine. It reports false, and does not run f, when Run
// ends.
func (b *background) startGoroutine(f func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.group.Go(f)
	return true
}

// closeAndWait refuses new goroutines, and returns when all started goroutines have ended.
func (b *background) closeAndWait() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.group.Wait()
}
