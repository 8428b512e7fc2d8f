package initiator

import "sync"

// background counts the goroutines that run on behalf of Run, which waits for
// them when it ends. A task may be started by another goroutine at that very
// moment: either it is waited for, or it is too late. The zero value is ready.
type background struct {
	mu    sync.Mutex
	over  bool
	group sync.WaitGroup
}

// Go runs f in a goroutine; it reports false, and does not, when Run ends.
func (b *background) Go(f func()) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over {
		return false
	}
	b.group.Go(f)
	return true
}

// Wait ends when all of them have ended; no other is begun.
func (b *background) Wait() {
	b.mu.Lock()
	b.over = true
	b.mu.Unlock()
	b.group.Wait()
}
