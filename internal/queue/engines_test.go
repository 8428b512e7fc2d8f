package queue_test

import (
	"testing"
	"time"

	"initiator/internal/queue"
	"initiator/internal/queue/store"
	"initiator/internal/queue/store/storetest"
)

// engines are all queues that must behave alike. Each gives a function that
// opens one: the same one again after it was closed, where it is stored.
func engines(r queue.Retention) map[string]func() func() *queue.Engine {
	stored := func(o queue.Options) func() func() *queue.Engine {
		return func() func() *queue.Engine {
			o := o
			o.Dir, o.Retention = storetest.New(1), r
			return func() *queue.Engine {
				e, err := queue.Open("", o)
				if err != nil {
					panic(err) // nothing has broken anything
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

// everyQueue runs a test over each of them.
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
