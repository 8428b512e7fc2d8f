package queue_test

import (
	"runtime"
	"syscall"
	"testing"
	"time"

	"initiator/internal/queue"
	"initiator/internal/queue/store"
)

// cpu returns the processor time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// filled returns a stored queue with the given number of queued tasks.
func filled(b testing.TB, queued int, s store.Sync) *queue.Engine {
	dir := b.TempDir()
	q, err := queue.Open(dir, queue.Options{Sync: store.Sync{Every: time.Second}})
	if err != nil {
		b.Fatal(err)
	}
	for n := range queued {
		submit(b, q)
		if n%1000 == 999 {
			if err := q.CommitAndWait(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := q.Close(); err != nil {
		b.Fatal(err)
	}
	if q, err = queue.Open(dir, queue.Options{Sync: s}); err != nil {
		b.Fatal(err)
	}
	return q
}

// BenchmarkRecovery opens a queue with a million tasks, and reports the memory of
// each task.
func BenchmarkRecovery(b *testing.B) {
	const queued = 1_000_000
	dir := b.TempDir()
	q, err := queue.Open(dir, queue.Options{Sync: store.Sync{Every: time.Second}})
	if err != nil {
		b.Fatal(err)
	}
	for n := range queued {
		submit(b, q)
		if n%1000 == 999 {
			if err := q.CommitAndWait(); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := q.Close(); err != nil {
		b.Fatal(err)
	}
	q = nil
	before := heap()
	b.ResetTimer()
	for range b.N {
		if q, err = queue.Open(dir, queue.Options{}); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.ReportMetric(float64(heap()-before)/queued, "B/task")
		if err := q.Close(); err != nil {
			b.Fatal(err)
		}
		q = nil
		b.StartTimer()
	}
}

// heap returns the bytes of the heap that are in use.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
