package initiator

import (
	"sync"
	"sync/atomic"
	"testing"
)

// TestBackgroundIsWaitedForOrTooLate, whoever comes at the last moment.
func TestBackgroundIsWaitedForOrTooLate(t *testing.T) {
	for range 200 {
		var b background
		var running, begun, late atomic.Int64
		var comers sync.WaitGroup
		for range 4 {
			comers.Go(func() {
				running.Add(1)
				if !b.Go(func() { running.Add(-1); begun.Add(1) }) {
					running.Add(-1)
					late.Add(1)
				}
			})
		}
		b.Wait()
		were := begun.Load()
		comers.Wait()
		if running.Load() != 0 || begun.Load() != were || were+late.Load() != 4 {
			t.Fatalf("%d run, %d were waited for, %d begun, %d late", running.Load(), were, begun.Load(), late.Load())
		}
	}
}
