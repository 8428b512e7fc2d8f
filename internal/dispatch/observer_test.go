package dispatch

import (
	"sync"
	"testing"
	"time"
)

// verdict is one thing that the dispatcher told the supervisor.
type verdict struct {
	kind        string
	guid        string
	incarnation int
}

// recorder is a supervisor that only writes down.
type recorder struct {
	mu    sync.Mutex
	heard map[verdict]int
	ended map[string]int // tasks by worker, as Measured says
	more  chan struct{}  // closed and replaced when there is more
}

func newRecorder() *recorder {
	return &recorder{heard: map[verdict]int{}, ended: map[string]int{}, more: make(chan struct{})}
}

func (r *recorder) note(v verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard[v]++
	close(r.more)
	r.more = make(chan struct{})
}

func (r *recorder) WorkerConnected(guid string, n int) { r.note(verdict{"connected", guid, n}) }
func (r *recorder) WorkerOverdue(guid string, n int, _ time.Time) {
	r.note(verdict{"overdue", guid, n})
}
func (r *recorder) WorkerRecovered(guid string, n int)       { r.note(verdict{"beating", guid, n}) }
func (r *recorder) WorkerStuck(guid string, n int, _ string) { r.note(verdict{"stuck", guid, n}) }
func (r *recorder) WorkerDrained(guid string, n int)         { r.note(verdict{"drained", guid, n}) }

func (r *recorder) WorkerMeasured(guid string, _, tasks int, _ int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended[guid] = tasks
}

func (r *recorder) count(v verdict) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.heard[v]
}

// await waits until a verdict has been heard at least once.
func (r *recorder) await(t testing.TB, v verdict) { t.Helper(); r.awaitN(t, v, 1) }

func (r *recorder) awaitN(t testing.TB, v verdict, n int) {
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
