package task_test

import (
	"testing"
	"time"

	"initiator/internal/queue"
	"initiator/internal/queue/store"
	"initiator/internal/queue/store/storetest"
)

// engines are all queues that must behave alike. Each gives a function that
// opens one: the same one again after it was closed, where it is stored.
func engines(r task.Retention) map[string]func() func() *task.Engine {
	stored := func(o task.Options) func() func() *task.Engine {
		return func() func() *task.Engine {
			o := o
			o.Dir, o.Retention = storetest.New(1), r
			return func() *task.Engine {
				e, err := task.Open("", o)
				if err != nil {
					panic(err) // nothing has broken anything
				}
				return e
			}
		}
	}
	return map[string]func() func() *task.Engine{
		"memory":                  func() func() *task.Engine { return func() *task.Engine { return task.NewMemory(r) } },
		"stored":                  stored(task.Options{}),
		"stored, cold":            stored(task.Options{Warm: 1, SegmentSize: 1000}),
		"stored, synced at times": stored(task.Options{Sync: store.Sync{Every: time.Millisecond}}),
		"stored, no sync":         stored(task.Options{Sync: store.Sync{Off: true}, SegmentSize: 3000}),
	}
}

// everyQueue runs a test over each of them.
func everyQueue(t *testing.T, r task.Retention, f func(*testing.T, task.Queue)) {
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
