package dispatch

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"initiator/initiator/task"
	"initiator/internal/gctuner"
	"initiator/internal/queue"
	"initiator/internal/webhook"
)

// The benchmarks measure a closed loop of small JSON tasks, submit → result,
// through 16 real workers of 16 slots over loopback, beside the limit: the same
// loop over bare net/http handlers. Compare within one run only:
//
//	go test -run '^$' -bench Dispatch -benchtime 3s -count 3 ./internal/dispatch
//
// The collector of this process is paced as that of the initiator and of every
// worker is, for the limits as well.
const benchWorkers, benchSlots = 16, 16

var benchData = rawJSON(`{"a":2,"b":3}`)

func BenchmarkDispatch(b *testing.B) {
	b.Cleanup(gctuner.Start())
	for _, c := range []struct {
		name string
		make func(b *testing.B) func() error
	}{
		{"limit-framed", limitFramed},
		{"stream", callOverStream},
		{"limit-one", limitOne},
		{"inline", func(b *testing.B) func() error { return callByWebhook(b, false) }},
		{"limit-two", limitTwo},
		{"two", func(b *testing.B) func() error { return callByWebhook(b, true) }},
	} {
		for _, n := range []int{1, 64, 256} {
			b.Run(fmt.Sprintf("%s/%d", c.name, n), func(b *testing.B) {
				once := c.make(b)
				closedLoop(b, n, once)
			})
		}
	}
}

// closedLoop has n callers, each of which asks again when it is answered.
func closedLoop(b *testing.B, n int, once func() error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var callers sync.WaitGroup
	b.ReportAllocs()
	b.ResetTimer()
	before, theirs := cpuTime(), childCPUTime()
	for range n {
		callers.Go(func() {
			for left.Add(-1) >= 0 {
				if err := once(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	callers.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "tasks/s")
	b.ReportMetric((cpuTime()-before).Seconds()*1e6/float64(b.N), "own-cpu-µs")
	if theirs > 0 {
		b.ReportMetric((childCPUTime()-theirs).Seconds()*1e6/float64(b.N), "its-cpu-µs")
	}
}

// callByWebhook goes through the whole dispatcher.
func callByWebhook(b *testing.B, two bool) func() error {
	h := newTestDispatcherOver(b, queue.NewMemory(queue.Retention{Count: 1000}), Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	h.d.webhooksOnly = true // the loop has not begun to use it
	if two {
		h.d.inlineMS = 0
	}
	for n := range benchWorkers {
		h.attachWorker("p", fmt.Sprint("w", n), benchSlots, echo)
	}
	return h.callOnce
}

// callOnce submits one task and waits for its end.
func (h *testDispatcher) callOnce() error {
	t, err := h.d.Call(context.Background(), task.Request{Pool: "p", Data: benchData})
	if err == nil && t.State != task.Completed {
		err = fmt.Errorf("%s: %s", t.State, t.Reason)
	}
	return err
}

// startBareServer is a net/http server per worker and a client that keeps its connections.
func startBareServer(b *testing.B, h http.Handler) (urls []string, client *http.Client) {
	client = webhook.NewHTTPClient(256)
	for range benchWorkers {
		s := httptest.NewServer(h)
		urls = append(urls, s.URL)
		b.Cleanup(s.Close)
	}
	b.Cleanup(client.CloseIdleConnections)
	return urls, client
}

type bareTask struct {
	ID   string          `json:"id"`
	Data json.RawMessage `json:"data"`
}

func limitOne(b *testing.B) func() error {
	urls, client := startBareServer(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var t bareTask
		_ = json.NewDecoder(r.Body).Decode(&t)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(t)
	}))
	var turn atomic.Int64
	return func() error {
		n := turn.Add(1)
		return sendBare(client, "POST", urls[n%benchWorkers], bareTask{fmt.Sprint(n), benchData})
	}
}

// limitTwo answers at once and brings the result with a request of its own.
func limitTwo(b *testing.B) func() error {
	var waiting sync.Map
	home, client := startBareServer(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var t bareTask
		_ = json.NewDecoder(r.Body).Decode(&t)
		_, _ = w.Write([]byte("{}"))
		if done, ok := waiting.LoadAndDelete(t.ID); ok {
			close(done.(chan struct{}))
		}
	}))
	var results sync.WaitGroup
	urls, back := startBareServer(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var t bareTask
		_ = json.NewDecoder(r.Body).Decode(&t)
		_, _ = w.Write([]byte("{}"))
		results.Go(func() { _ = sendBare(client, "PUT", home[0], t) })
	}))
	b.Cleanup(results.Wait)
	var turn atomic.Int64
	return func() error {
		n, id, done := turn.Add(1), uuid.NewString(), make(chan struct{})
		waiting.Store(id, done)
		if err := sendBare(back, "POST", urls[n%benchWorkers], bareTask{id, benchData}); err != nil {
			return err
		}
		<-done
		return nil
	}
}

func sendBare(client *http.Client, method, url string, body bareTask) error {
	data, _ := json.Marshal(body)
	r, err := http.NewRequest(method, url, bytes.NewReader(data))
	if err != nil {
		return err
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// BenchmarkLease is the dispatcher alone: one lease and its end, without HTTP,
// with so many workers and so many tasks queued behind.
func BenchmarkLease(b *testing.B) {
	for _, c := range []struct{ workers, queued int }{{10, 1000}, {1000, 1000}, {10, 1_000_000}} {
		b.Run(fmt.Sprintf("%dworkers/%dqueued", c.workers, c.queued), func(b *testing.B) { benchmarkLeases(b, c.workers, c.queued) })
	}
}

func benchmarkLeases(b *testing.B, workers, queued int) {
	now := time.Now()
	d := New(Options{Queue: queue.NewMemory(queue.Retention{Count: 1000}), Pools: []Pool{newPool("p")}, Observer: newObservationRecorder()})
	p := d.pools["p"]
	for n := range workers {
		w := &workerConn{workerID: workerID{fmt.Sprint("w", n), 1}, pool: p, running: map[uuid.UUID]*attempt{}, connected: true, slots: 1}
		w.entry.conn, w.timer.Value.conn = w, w
		d.workers[w.workerID], p.members[w.workerID] = w, w
		d.updateBalancer(w)
	}
	for range queued {
		_, _ = d.submitTask(task.Request{Pool: "p"}, nil, now)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = d.submitTask(task.Request{Pool: "p"}, nil, now)
		d.assignTasks(now)
		d.expireDue(now)
		clear(d.effects)
		d.effects = d.effects[:0]
		for _, w := range d.workers {
			for _, r := range w.running {
				d.finishAttempt(w, r, queue.AttemptOutcome{Outcome: task.OutcomeCompleted}, now)
				break
			}
			break
		}
	}
}
