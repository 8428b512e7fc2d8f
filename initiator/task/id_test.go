package task

import (
	"sync"
	"testing"

	"github.com/google/uuid"
)

func TestNewIDsAreDifferentAndInOrder(t *testing.T) {
	const makers, each = 8, 2000
	var mu sync.Mutex
	seen := map[uuid.UUID]bool{}
	random := map[[8]byte]bool{} // the half of the id without the time
	var all sync.WaitGroup
	for range makers {
		all.Go(func() {
			before := uuid.Nil
			for range each {
				id := NewID()
				if id.Version() != 7 || id.Variant() != uuid.RFC4122 || id.String() <= before.String() {
					t.Errorf("%s after %s", id, before)
				}
				before = id
				mu.Lock()
				seen[id], random[[8]byte(id[8:])] = true, true
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if len(seen) != makers*each || len(random) != makers*each {
		t.Errorf("%d ids and %d halves of %d", len(seen), len(random), makers*each)
	}
}

func BenchmarkNewID(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		NewID()
	}
}
