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

// mail is what clients ask of a loop, and where each waits to be told.
type mail[T any] struct {
	mu    sync.Mutex
	asked []T
	told  []chan error
	rung  chan struct{}
}

// ask leaves a question and waits until what came of it is kept.
func (m *mail[T]) ask(q T, told chan error) error {
	m.mu.Lock()
	m.asked, m.told = append(m.asked, q), append(m.told, told)
	m.mu.Unlock()
	select {
	case m.rung <- struct{}{}:
	default:
	}
	return <-told
}

func (m *mail[T]) take() ([]T, []chan error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	asked, told := m.asked, m.told
	m.asked, m.told = nil, nil
	return asked, told
}

// rate has so many clients do tasks, three commits each, while serve runs, and
// returns how many were done in a second.
func rate[T any](b *testing.B, clients int, commits [3]T, serve func(m *mail[T], stop chan struct{})) float64 {
	stop, m := make(chan struct{}), &mail[T]{rung: make(chan struct{}, 1)}
	var loop, group sync.WaitGroup
	loop.Go(func() { serve(m, stop) })
	var done atomic.Int64
	began := time.Now()
	for range clients {
		group.Go(func() {
			told := make(chan error, 1)
			for time.Since(began) < round {
				for _, c := range commits {
					if err := m.ask(c, told); err != nil {
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

// round is the length of one measurement. Machines are noisy: there are many
// short ones in turn, and their medians are compared.
const (
	round  = 300 * time.Millisecond
	rounds = 9
)

// inTurn measures everything in turn, and returns the medians.
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

// queueCommits are submit, lease and done.
func queueCommits(b *testing.B, q *queue.Engine) [3]func() {
	var leases []queue.Lease
	lease := func() {
		now := time.Now()
		q.ExpireTasks(now)
		t, ok := q.LeaseNext(now, "p", "w", 1, nil)
		if !ok {
			b.Error("nothing to lease")
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

func submit(b testing.TB, q *queue.Engine) {
	t, err := queue.NewTask(task.Request{Pool: "p", Data: payload}, time.Now(), task.Policy{Attempts: 3})
	if err == nil {
		_, _, err = q.AddTask(t)
	}
	if err != nil {
		b.Error(err)
	}
}

// serveQueue is a loop as dispatch has one: it takes all that waits, does it,
// commits it once and goes on.
func serveQueue(q *queue.Engine) func(*mail[func()], chan struct{}) {
	return func(m *mail[func()], stop chan struct{}) {
		for {
			select {
			case <-stop:
				return
			case <-m.rung:
			case <-q.BatchDone():
			}
			q.FinishCommits()
			asked, told := m.take()
			for _, do := range asked {
				do()
			}
			if len(told) > 0 {
				q.Commit(func(err error) { tell(told, err) })
			}
		}
	}
}

func tell(told []chan error, err error) {
	for _, t := range told {
		t <- err
	}
}

// serveLog is the limit: one write and one sync for all that waits, with room
// written ahead or not.
func serveLog(f store.File, room int) func(*mail[[]byte], chan struct{}) {
	return func(m *mail[[]byte], stop chan struct{}) {
		at, ahead, batch := int64(0), int64(0), []byte(nil)
		for {
			select {
			case <-stop:
				return
			case <-m.rung:
			}
			asked, told := m.take()
			batch = batch[:0]
			for _, record := range asked {
				batch = append(batch, record...)
			}
			if end := at + int64(len(batch)); room > 0 && end > ahead {
				_, _ = f.WriteAt(make([]byte, int(end-ahead)+room), ahead) // the next write tells
				ahead = end + int64(room)
			}
			_, err := f.WriteAt(batch, at)
			if err == nil {
				err = f.Sync()
			}
			at += int64(len(batch))
			tell(told, err)
		}
	}
}

// BenchmarkDurable is submit, lease and done of 200-byte tasks, each told only
// when it is on the disk, beside what a plain log can do, with a thousand tasks
// in the queue and with a million. Run it with -benchtime 1x.
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

// limit is what a plain log can do with the same records.
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

// BenchmarkUnsynced is the same work where the disk does not matter: how much
// of the processors a task takes with its clients, stored and not.
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
