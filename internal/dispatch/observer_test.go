package dispatch

import (
	"sync"
	"testing"
	"time"
)

// observation is one call of the WorkerObserver.
type observation struct {
	kind        string
	guid        string
	incarnation int
}

// observationRecorder is a WorkerObserver that only records.
type observationRecorder struct {
	mu    sync.Mutex
	heard map[observation]int
	ended map[string]int // number of ended tasks by worker
	more  chan struct{}  // closed and replaced with each observation
}

func newObservationRecorder() *observationRecorder {
	return &observationRecorder{heard: map[observation]int{}, ended: map[string]int{}, more: make(chan struct{})}
}

func (r *observationRecorder) record(v observation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard[v]++
	close(r.more)
	r.more = make(chan struct{})
}

func (r *observationRecorder) WorkerConnected(guid string, n int) {
	r.record(observation{"connected", guid, n})
}

func (r *observationRecorder) WorkerOverdue(guid string, n int, _ time.Time) {
	r.record(observation{"overdue", guid, n})
}

func (r *observationRecorder) WorkerRecovered(guid string, n int) {
	r.record(observation{"beating", guid, n})
}

func (r *observationRecorder) WorkerStuck(guid string, n int, _ string) {
	r.record(observation{"stuck", guid, n})
}

func (r *observationRecorder) WorkerDrained(guid string, n int) {
	r.record(observation{"drained", guid, n})
}

func (r *observationRecorder) WorkerMeasured(guid string, _, tasks int, _ int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended[guid] = tasks
}

func (r *observationRecorder) count(v observation) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.heard[v]
}

// waitFor waits until an observation was made at least once.
func (r *observationRecorder) waitFor(t testing.TB, v observation) {
	t.Helper()
	r.waitForCount(t, v, 1)
}

func (r *observationRecorder) waitForCount(t testing.TB, v observation, n int) {
	t.Helper()
	limit := time.After(patience)
	for {
		r.mu.Lock()
		got, more := r.heard[v], r.more
		r.mu.Unlock()
		if got >= n {
			return
		}
		select {
		case <-more:
		case <-limit:
			t.Fatalf("never heard %+v %d times", v, n)
		}
	}
}
