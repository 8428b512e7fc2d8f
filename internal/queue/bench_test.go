package queue_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store"
)

// mailbox holds the requests of clients to a loop, and the channel on which each
// client waits for its result.
type mailbox[T any] struct {
	mu       sync.Mutex
	requests []T
	results  []chan error
	wakeup   chan struct{}
}

// sendRequest sends a request and waits until its changes are stored.
func (m *mailbox[T]) sendRequest(q T, results chan error) error {
	m.mu.Lock()
	m.requests, m.results = append(m.requests, q), append(m.results, results)
	m.mu.Unlock()
	select {
	case m.wakeup <- struct{}{}:
	default:
	}
	return <-results
}

// takeRequests returns all requests, and empties the mailbox.
func (m *mailbox[T]) takeRequests() ([]T, []chan error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	requests, results := m.requests, m.results
	m.requests, m.results = nil, nil
	return requests, results
}

// rate lets clients run tasks for a round, with three commits for each task, while
// serve runs. It returns the tasks per second.
func rate[T any](b *testing.B, clients int, commits [3]T, serve func(m *mailbox[T], stop chan struct{})) float64 {
	stop, m := make(chan struct{}), &mailbox[T]{wakeup: make(chan struct{}, 1)}
	var loop, group sync.WaitGroup
	loop.Go(func() { serve(m, stop) })
	var done atomic.Int64
	began := time.Now()
	for range clients {
		group.Go(func() {
			results := make(chan error, 1)
			for time.Since(began) < round {
				for _, c := range commits {
					if err := m.sendRequest(c, results); err != nil {
						b.Error(err)
						return
					}
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	took := time.Since(began)
	close(stop)
	loop.Wait()
	return float64(done.Load()) / took.Seconds()
}

// round is the length of one measurement. Other work disturbs measurements, so a
// benchmark makes many short measurements in turn and compares the medians.
const (
	round  = 300 * time.Millisecond
	rounds = 9
)

// inTurn calls all measures in turn, for all rounds, and returns the medians.
func inTurn(measures ...func() float64) []float64 {
	all := make([][]float64, len(measures))
	for range rounds {
		for i, f := range measures {
			runtime.GC()
			all[i] = append(all[i], f())
		}
	}
	medians := make([]float64, len(measures))
	for i, list := range all {
		slices.Sort(list)
		medians[i] = list[len(list)/2]
	}
	return medians
}

// payload is 200 bytes of JSON.
var payload = fmt.Appendf(nil, "%q", bytes.Repeat([]byte("x"), 198))

// queueCommits returns the three steps of a task: submit, lease and end.
func queueCommits(b *testing.B, q *queue.Engine) [3]func() {
	var leases []queue.Lease
	lease := func() {
		now := time.Now()
		q.ExpireTasks(now)
		t, ok := q.LeaseNext(now, "p", "w", 1, nil)
		if !ok {
			b.Error("no task to lease")
		}
		l, _ := queue.LeaseOf(&t)
		leases = append(leases, l)
	}
	done := func() {
		l := leases[len(leases)-1]
		leases = leases[:len(leases)-1]
		if _, err := q.EndAttempt(time.Now(), l, queue.AttemptOutcome{Outcome: task.OutcomeCompleted, Result: []byte(`{"sum": 3}`)}, 0); err != nil {
			b.Error(err)
		}
	}
	return [3]func(){func() { submit(b, q) }, lease, done}
}

// submit adds a task with the payload.
func submit(b testing.TB, q *queue.Engine) {
	t, err := queue.NewTask(task.Request{Pool: "p", Data: payload}, time.Now(), task.Policy{Attempts: 3})
	if err == nil {
		_, _, err = q.AddTask(t)
	}
	if err != nil {
		b.Error(err)
	}
}

// serveQueue returns a loop like the dispatcher's loop: it takes all requests,
// does them and commits once.
func serveQueue(q *queue.Engine) func(*mailbox[func()], chan struct{}) {
	return func(m *mailbox[func()], stop chan struct{}) {
		for {
			select {
			case <-stop:
				return
			case <-m.wakeup:
			case <-q.BatchDone():
			}
			q.FinishCommits()
			requests, results := m.takeRequests()
			for _, do := range requests {
				do()
			}
			if len(results) > 0 {
				q.Commit(func(err error) { sendResult(results, err) })
			}
		}
	}
}

// sendResult sends a result to all clients.
func sendResult(results []chan error, err error) {
	for _, t := range results {
		t <- err
	}
}

// serveLog returns a loop that makes one write and one sync for all requests. This
// is the fastest possible loop. It fills room bytes with zeros ahead of the
// records, unless room is 0.
func serveLog(f store.File, room int) func(*mailbox[[]byte], chan struct{}) {
	return func(m *mailbox[[]byte], stop chan struct{}) {
		at, ahead, batch := int64(0), int64(0), []byte(nil)
		for {
			select {
			case <-stop:
				return
			case <-m.wakeup:
			}
			requests, results := m.takeRequests()
			batch = batch[:0]
			for _, record := range requests {
				batch = append(batch, record...)
			}
			if end := at + int64(len(batch)); room > 0 && end > ahead {
				_, _ = f.WriteAt(make([]byte, int(end-ahead)+room), ahead) // the next write reports the error
				ahead = end + int64(room)
			}
			_, err := f.WriteAt(batch, at)
			if err == nil {
				err = f.Sync()
			}
			at += int64(len(batch))
			sendResult(results, err)
		}
	}
}

// BenchmarkDurable measures submit, lease and end of 200-byte tasks. A client gets
// each result when the change is synced. The queue has a thousand tasks, or a
// million. The benchmark compares both with a plain log. Run it with -benchtime 1x.
func BenchmarkDurable(b *testing.B) {
	few, many := filled(b, 1_000, store.Sync{}), filled(b, 1_000_000, store.Sync{})
	for _, clients := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			queue := func(q *queue.Engine) func() float64 {
				return func() float64 { return rate(b, clients, queueCommits(b, q), serveQueue(q)) }
			}
			got := inTurn(limit(b, clients, 0), limit(b, clients, 4<<20), queue(few), queue(many))
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(got[0], "log/s")
			b.ReportMetric(got[1], "log-ahead/s")
			b.ReportMetric(got[2], "tasks/s")
			b.ReportMetric(got[2]/got[0], "of-log")
			b.ReportMetric(got[2]/got[1], "of-log-ahead")
			b.ReportMetric(got[3]/got[2], "million-of-thousand")
		})
	}
	if err := errors.Join(few.Close(), many.Close()); err != nil {
		b.Error(err)
	}
}

// limit measures a plain log with the same records.
func limit(b *testing.B, clients, room int) func() float64 {
	n, whole := 0, make([]byte, 290)
	dir := store.OS(b.TempDir())
	return func() float64 {
		n++
		f, err := dir.OpenFile(fmt.Sprint("log", n), true)
		if err != nil {
			b.Fatal(err)
		}
		got := rate(b, clients, [3][]byte{whole, whole[:80], whole[:80]}, serveLog(f, room))
		if err := f.Close(); err != nil {
			b.Error(err)
		}
		return got
	}
}

// BenchmarkUnsynced does the work of BenchmarkDurable without syncs. It reports the
// processor time of a task and its clients, with a queue in memory and with stored
// queues.
func BenchmarkUnsynced(b *testing.B) {
	few, many := filled(b, 1_000, store.Sync{Off: true}), filled(b, 1_000_000, store.Sync{Off: true})
	memory := queue.NewMemory(queue.Retention{})
	queue := func(q *queue.Engine) func() float64 {
		return func() float64 {
			before := cpu()
			perSecond := rate(b, 256, queueCommits(b, q), serveQueue(q))
			return (cpu() - before).Seconds() * 1e6 / (perSecond * round.Seconds())
		}
	}
	got := inTurn(queue(memory), queue(few), queue(many))
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(got[0], "memory-cpu-µs")
	b.ReportMetric(got[1], "thousand-cpu-µs")
	b.ReportMetric(got[2], "million-cpu-µs")
	if err := errors.Join(few.Close(), many.Close()); err != nil {
		b.Error(err)
	}
}
