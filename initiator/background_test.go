package initiator

import (
	"sync"
	"sync/atomic"
	"testing"
)

// A goroutine that is started at the last moment is either waited for or refused.
func TestBackgroundIsWaitedForOrTooLate(t *testing.T) {
	t.Parallel()
	for range 200 {
		var b background
		var running, begun, late atomic.Int64
		var starters sync.WaitGroup
		for range 4 {
			starters.Go(func() {
				running.Add(1)
				if !b.startGoroutine(func() { running.Add(-1); begun.Add(1) }) {
					running.Add(-1)
					late.Add(1)
				}
			})
		}
		b.closeAndWait()
		were := begun.Load()
		starters.Wait()
		if running.Load() != 0 || begun.Load() != were || were+late.Load() != 4 {
			t.Fatalf("%d run, %d were waited for, %d begun, %d late", running.Load(), were, begun.Load(), late.Load())
		}
	}
}
