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

	"initiator/initiator/task"
)

// dingSlave sends the bytes of ding.interaction's Slave and nothing more,
// unless a test adds to them. It has one slot.
type dingSlave struct {
	url      string
	busy     atomic.Bool
	mute     atomic.Bool  // takes tasks and ignores them
	cut      atomic.Bool  // takes and ends tasks, and cuts the connection instead of an answer
	connects atomic.Value // string: the data in the answer to /connect
	beatBody atomic.Value // string
	started  chan string  // the body of each task that was accepted
	beaten   chan struct{}
	gate     chan struct{} // nil = tasks end at once

	mu            sync.Mutex
	token, master string

	tasks sync.WaitGroup
	http  *http.Client
}

func newDingSlave(t testing.TB) *dingSlave {
	s := &dingSlave{started: make(chan string, 1000), beaten: make(chan struct{}, 1), http: &http.Client{Transport: &http.Transport{}}}
	s.answer("null")
	s.beatBody.Store("{}")
	server := httptest.NewServer(s)
	s.url = server.URL
	t.Cleanup(func() {
		server.Close()
		s.tasks.Wait()
		s.http.CloseIdleConnections()
	})
	return s
}

func (s *dingSlave) answer(data string) { s.connects.Store(data) }

func (s *dingSlave) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	say := func(status, code int, message, data string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"success": %t, "code": %d, "message": "%s", "data": %s}`+"\n", code == 0, code, message, data)
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /connect":
		s.connect(r.Header.Get("Token"), body)
		say(200, 0, "Connect success.", s.connects.Load().(string))
	case "POST /task/new":
		if s.cut.Load() {
			s.started <- string(body)
			panic(http.ErrAbortHandler)
		}
		if s.busy.Swap(true) {
			say(400, 601, "Slave is busy.", "null")
			return
		}
		say(200, 0, "Task received!", "null")
		_ = http.NewResponseController(w).Flush()
		s.started <- string(body)
		if s.mute.Load() {
			s.busy.Store(false)
			return
		}
		s.tasks.Go(func() { s.runTask(body) })
	default:
		say(404, 1, "no such path", "null")
	}
}

func (s *dingSlave) connect(token string, body []byte) {
	var b struct{ Master struct{ Address string } }
	_ = json.Unmarshal(body, &b)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.master = token, b.Master.Address
}

func (s *dingSlave) runTask(body []byte) {
	var b struct {
		Task struct{ ID string }
		Data json.RawMessage
	}
	_ = json.Unmarshal(body, &b)
	if s.gate != nil {
		<-s.gate
	}
	s.busy.Store(false)
	_ = s.sendRequest("PUT", "/slave/task/complete", fmt.Sprintf(`{"task": {"id": "%s"}, "result": %s}`, b.Task.ID, b.Data))
}

// reportResult reports a result by hand.
func (s *dingSlave) reportResult(t *testing.T, id, result string) {
	t.Helper()
	if err := s.sendRequest("PUT", "/slave/task/complete", fmt.Sprintf(`{"task": {"id": "%s"}, "result": %s}`, id, result)); err != nil {
		t.Error(err)
	}
}

func (s *dingSlave) sendRequest(method, path, body string) error {
	s.mu.Lock()
	token, master := s.token, s.master
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, master+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return err
	}
	r.Header = http.Header{"Channel": {"0"}, "Token": {token}}
	res, err := s.http.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != 200 {
		err = fmt.Errorf("%s %s: %d %s", method, path, res.StatusCode, answer)
	}
	return err
}

// sendHeartbeats sends heartbeats until the returned function is called.
func (s *dingSlave) sendHeartbeats(span time.Duration) (stop func()) {
	end := make(chan struct{})
	var beating sync.WaitGroup
	beating.Go(func() {
		tick := time.NewTicker(span)
		defer tick.Stop()
		for {
			_ = s.sendRequest("GET", "/slave/heartbeat", s.beatBody.Load().(string))
			select {
			case s.beaten <- struct{}{}:
			default:
			}
			select {
			case <-tick.C:
			case <-end:
				return
			}
		}
	})
	return func() { close(end); beating.Wait() }
}

// waitConnected waits for a heartbeat.
func (s *dingSlave) waitConnected(t *testing.T) {
	t.Helper()
	select {
	case <-s.beaten:
	case <-time.After(patience):
		t.Fatal("no heartbeat")
	}
}

// attachDing attaches a slave as guid, incarnation 1.
func (h *testDispatcher) attachDing(guid string, s *dingSlave) {
	h.t.Helper()
	h.d.AttachWorker(Attachment{GUID: guid, Incarnation: 1, Pool: "p", URL: s.url, Ding: true, Open: true, Slots: 4, Span: time.Minute, Tolerance: time.Minute})
	h.observer.waitFor(h.t, observation{"connected", guid, 1})
}

func TestDingSlave(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	s := newDingSlave(t)
	h.attachDing("w", s)
	var ids []task.Task
	for n := range 50 {
		ids = append(ids, h.mustSubmit(task.Request{Pool: "p", Data: rawJSON(fmt.Sprintf(`{"a": %d}`, n))}))
	}
	for n, one := range ids {
		got := h.mustWait(one.ID)
		if got.State != task.Completed || string(got.Result) != fmt.Sprintf(`{"a": %d}`, n) || got.Attempt != 1 {
			t.Errorf("%s %s, %+v", got.State, got.Result, got.History)
		}
	}
	want := fmt.Sprintf(`{"task":{"id":"%s"},"data":{"a": 0}}`, ids[0].ID)
	if body := <-s.started; body != want {
		t.Errorf("it was sent %s, want %s", body, want)
	}
}

// The worker answers null to /connect without being declared a ding slave.
func TestNullAnswerIsADingSlave(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	s := newDingSlave(t)
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: s.url, Slots: 4})
	h.mustEnd(task.Request{Pool: "p", Data: rawJSON(`{}`)}, task.Completed)
	h.runInLoop(func() {
		if p := h.d.workers[workerID{"w", 1}]; p.slots != 1 || !p.legacy {
			t.Errorf("slots %d, legacy %v", p.slots, p.legacy)
		}
	})
}
