package queue_test

import (
	"testing"
	"time"

	"initiator/internal/queue"
	"initiator/internal/queue/store"
	"initiator/internal/queue/store/storetest"
)

// engines returns the kinds of queues that must behave alike. Each value makes a
// new queue: it returns a function that opens the queue. The function opens a
// stored queue again after a Close.
func engines(r queue.Retention) map[string]func() func() *queue.Engine {
	stored := func(o queue.Options) func() func() *queue.Engine {
		return func() func() *queue.Engine {
			o := o
			o.Dir, o.Retention = storetest.New(1), r
			return func() *queue.Engine {
				e, err := queue.Open("", o)
				if err != nil {
					panic(err) // the disk of the test does not fail
				}
				return e
			}
		}
	}
	return map[string]func() func() *queue.Engine{
		"memory":                  func() func() *queue.Engine { return func() *queue.Engine { return queue.NewMemory(r) } },
		"stored":                  stored(queue.Options{}),
		"stored, cold":            stored(queue.Options{CacheSize: 1, SegmentSize: 1000}),
		"stored, synced at times": stored(queue.Options{Sync: store.Sync{Every: time.Millisecond}}),
		"stored, no sync":         stored(queue.Options{Sync: store.Sync{Off: true}, SegmentSize: 3000}),
	}
}

// everyQueue runs a test with every kind of queue.
func everyQueue(t *testing.T, r queue.Retention, f func(*testing.T, queue.Queue)) {
	for name, open := range engines(r) {
		t.Run(name, func(t *testing.T) {
			q := open()()
			f(t, q)
			if err := q.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
