package dispatch

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/queue/store"
)

// BenchmarkDurable measures submit to result with every commit synced, through
// the whole dispatcher and over the stream to a worker process. The reference
// is a plain log that syncs three records a task. It takes turns and reports
// medians: run it with -benchtime 1x.
func BenchmarkDurable(b *testing.B) {
	const rounds, span = 7, 300 * time.Millisecond
	ours, limit := callDurable(b), plainLog(b)
	for _, n := range []int{1, 64, 256} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var got, most []float64
			for range rounds {
				most = append(most, perSecond(b, n, span, limit))
				got = append(got, perSecond(b, n, span, ours))
			}
			slices.Sort(got)
			slices.Sort(most)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(most[rounds/2], "log/s")
			b.ReportMetric(got[rounds/2], "tasks/s")
			b.ReportMetric(got[rounds/2]/most[rounds/2], "of-log")
		})
	}
}

// perSecond returns how many calls n callers complete in a second.
func perSecond(b *testing.B, n int, span time.Duration, once func() error) float64 {
	var callers sync.WaitGroup
	done := make([]int, n)
	began := time.Now()
	for i := range n {
		callers.Go(func() {
			for time.Since(began) < span {
				if err := once(); err != nil {
					b.Error(err)
					return
				}
				done[i]++
			}
		})
	}
	callers.Wait()
	sum := 0
	for _, d := range done {
		sum += d
	}
	return float64(sum) / time.Since(began).Seconds()
}

func callDurable(b *testing.B) func() error {
	q, err := queue.Open(b.TempDir(), queue.Options{Retention: queue.Retention{Count: 1000}})
	if err != nil {
		b.Fatal(err)
	}
	h := newTestDispatcherOver(b, q, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	h.attachConnected(startStreamWorker(b, "w", 256))
	data := fmt.Appendf(nil, "%q", bytes.Repeat([]byte("x"), 198))
	return func() error {
		t, err := h.d.Call(b.Context(), task.Request{Pool: "p", Data: data})
		if err == nil && t.State != task.Completed {
			err = fmt.Errorf("%s: %s", t.State, t.Reason)
		}
		return err
	}
}

// plainLog writes and syncs everything that waits, three times a task.
func plainLog(b *testing.B) func() error {
	f, err := store.OS(b.TempDir()).OpenFile("log", true)
	if err != nil {
		b.Fatal(err)
	}
	var mu sync.Mutex
	var batch []byte
	var told []chan error
	rung := make(chan struct{}, 1)
	var writer sync.WaitGroup
	writer.Go(func() {
		at := int64(0)
		for range rung {
			mu.Lock()
			out, all := batch, told
			batch, told = nil, nil
			mu.Unlock()
			_, err := f.WriteAt(out, at)
			if err == nil {
				err = f.Sync()
			}
			at += int64(len(out))
			for _, t := range all {
				t <- err
			}
		}
	})
	b.Cleanup(func() {
		close(rung)
		writer.Wait()
		if err := f.Close(); err != nil {
			b.Error(err)
		}
	})
	record := make([]byte, 290)
	return func() error {
		done := make(chan error, 1)
		for _, r := range [][]byte{record, record[:80], record[:80]} {
			mu.Lock()
			batch, told = append(batch, r...), append(told, done)
			mu.Unlock()
			select {
			case rung <- struct{}{}:
			default:
			}
			if err := <-done; err != nil {
				return err
			}
		}
		return nil
	}
}
