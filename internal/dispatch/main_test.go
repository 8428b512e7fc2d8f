package dispatch

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"initiator/initiator/task"
	"initiator/internal/queue"
	"initiator/internal/webhook"
	"initiator/proactor"
	"initiator/worker"
)

// patience is how long a test waits for something that must happen. It is
// generous, so that no test fails on a slow machine.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if name := os.Getenv(asProgram); name != "" {
		runTestProgram(name)
	}
	_ = flag.Set("test.parallel", "4") // the tests mostly wait; the command line has precedence
	goleak.VerifyTestMain(m)
}

// testDispatcher is a running dispatcher with the initiator's webhooks in front
// of it.
type testDispatcher struct {
	t        testing.TB
	d        *Dispatcher
	url      string
	observer *observationRecorder
	ctx      context.Context
	stop     func()   // ends Run and waits for it
	before   []func() // runs before the workers are stopped
}

func newTestDispatcher(t testing.TB, pools ...Pool) *testDispatcher {
	return newTestDispatcherOver(t, queue.NewMemory(queue.Retention{Count: 1 << 20}), pools...)
}

func newTestDispatcherOver(t testing.TB, q queue.Queue, pools ...Pool) *testDispatcher {
	t.Helper()
	h := &testDispatcher{t: t, observer: newObservationRecorder()}
	server := httptest.NewServer(http.HandlerFunc(h.serveWebhook))
	h.url = server.URL
	h.d = New(Options{Queue: q, Pools: pools, Observer: h.observer, Master: h.url, StopGrace: 300 * time.Millisecond})
	var cancel context.CancelFunc
	h.ctx, cancel = context.WithTimeout(context.Background(), 4*patience)
	run, end := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- h.d.Run(run) }()
	h.stop = sync.OnceFunc(func() {
		end()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	t.Cleanup(func() {
		h.stop()
		cancel()
		server.Close()
	})
	return h
}

// serveWebhook serves the initiator's side of the worker contract, as package
// api does.
func (h *testDispatcher) serveWebhook(w http.ResponseWriter, r *http.Request) {
	token := r.Header.Get(proactor.HeaderToken)
	channel, _ := strconv.Atoi(r.Header.Get(proactor.HeaderChannel))
	allowed, known := h.d.CheckChannel(token, channel)
	switch {
	case !allowed:
		webhook.WrongChannel.WriteAnswer(w, "", nil)
	case !known:
		webhook.UnknownSlave.WriteAnswer(w, "", nil)
	case r.URL.Path == "/slave/heartbeat":
		h.serveHeartbeat(w, r, token)
	default:
		h.serveResult(w, r, token)
	}
}

func (h *testDispatcher) serveHeartbeat(w http.ResponseWriter, r *http.Request, token string) {
	data, _ := webhook.ReadBody(w, r, 1<<20)
	body := &webhook.HeartbeatBody{}
	_ = webhook.DecodeBody(data, body)
	if body.Incarnation == 0 {
		body = nil
	}
	answer, err := h.d.RecordHeartbeat(token, body)
	switch {
	case err != nil:
		webhook.UnknownSlave.WriteAnswer(w, "", nil)
	case answer == nil:
		webhook.Success.WriteAnswer(w, webhook.MessageHeartbeat, nil)
	default:
		webhook.Success.WriteAnswer(w, webhook.MessageHeartbeat, answer)
	}
}

func (h *testDispatcher) serveResult(w http.ResponseWriter, r *http.Request, token string) {
	data, _ := webhook.ReadBody(w, r, 4<<20)
	var body webhook.ResultBody
	if err := webhook.DecodeBody(data, &body); err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return
	}
	err := h.d.RecordResult(r.Context(), token, r.URL.Path == "/slave/task/fail", body)
	switch {
	case err == nil:
		webhook.Success.WriteAnswer(w, webhook.MessageResult, nil)
	case errors.Is(err, ErrBadTask):
		webhook.BadTask.WriteAnswer(w, "", nil)
	case errors.Is(err, ErrClosed):
		webhook.ShuttingDown.WriteAnswer(w, "", nil)
	default:
		webhook.Internal.WriteAnswer(w, err.Error(), nil)
	}
}

// newPool returns a pool with one attempt more than a test may lose by mistake.
func newPool(name string) Pool { return Pool{Name: name, Policy: task.Policy{Attempts: 3}} }

// startWorkerProcess runs a real worker. It returns the worker's address and a
// function that ends it.
func (h *testDispatcher) startWorkerProcess(o worker.Options) (url string, stop func()) {
	h.t.Helper()
	t := h.t
	listening := make(chan net.Addr, 1)
	o.Port, o.Connect = -1, "open"
	if o.HeartbeatSpan == 0 {
		o.HeartbeatSpan = 200 * time.Millisecond
	}
	o.Getenv = func(string) string { return "" }
	o.Listening = func(a net.Addr) { listening <- a }
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- worker.Run(ctx, o) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("worker.Run: %v", err)
		}
	})
	t.Cleanup(func() {
		for _, f := range h.before {
			f()
		}
		stop()
	})
	select {
	case a := <-listening:
		return "http://" + a.String(), stop
	case err := <-ended:
		t.Fatalf("worker.Run: %v", err)
	}
	return "", nil
}

// attachWorker starts a real worker and attaches it as guid, incarnation 1.
func (h *testDispatcher) attachWorker(pool, guid string, slots int, handlers ...worker.Handler) Attachment {
	h.t.Helper()
	url, _ := h.startWorkerProcess(worker.Options{Slots: slots, Handlers: handlers})
	return h.attachConnected(Attachment{GUID: guid, Incarnation: 1, Pool: pool, URL: url, Slots: slots})
}

// attachConnected attaches a worker and waits until it is connected.
func (h *testDispatcher) attachConnected(w Attachment) Attachment {
	h.t.Helper()
	w.Open = w.Token == ""
	if w.Span == 0 {
		w.Span = time.Second
	}
	if w.Tolerance == 0 {
		w.Tolerance = patience
	}
	h.d.AttachWorker(w)
	h.observer.waitFor(h.t, observation{"connected", w.GUID, w.Incarnation})
	return w
}

func (h *testDispatcher) mustSubmit(r task.Request) task.Task {
	h.t.Helper()
	got, err := h.d.Submit(h.ctx, r)
	if err != nil {
		h.t.Fatalf("submit: %v", err)
	}
	return got
}

func (h *testDispatcher) mustWait(id uuid.UUID) task.Task {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.ctx, patience)
	defer cancel()
	got, err := h.d.Wait(ctx, id)
	if err != nil {
		h.t.Fatalf("wait: %v; the task is %s: %s, %v", err, got.State, got.Reason, got.History)
	}
	return got
}

// mustEnd submits a task, waits for it, and checks its terminal state.
func (h *testDispatcher) mustEnd(r task.Request, want task.State) task.Task {
	h.t.Helper()
	got := h.mustWait(h.mustSubmit(r).ID)
	if got.State != want {
		h.t.Fatalf("the task is %s (%s), want %s; history %+v", got.State, got.Reason, want, got.History)
	}
	return got
}

// mustBe polls a record until it is in a state, because not every state has an
// event.
func (h *testDispatcher) mustBe(id uuid.UUID, want task.State) task.Task {
	h.t.Helper()
	return h.waitUntil(id, "is "+string(want), func(t task.Task) bool { return t.State == want })
}

func (h *testDispatcher) waitUntil(id uuid.UUID, what string, ok func(task.Task) bool) task.Task {
	h.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); time.Now().Before(end); <-tick.C {
		got, err := h.d.Get(h.ctx, id)
		if err != nil {
			h.t.Fatal(err)
		}
		if ok(got) {
			return got
		}
	}
	got, _ := h.d.Get(h.ctx, id)
	h.t.Fatalf("task %s never %s; it is %s: %s, %v", id, what, got.State, got.Reason, got.History)
	return got
}

// runInLoop runs f in the loop, where f may use the loop's state.
func (h *testDispatcher) runInLoop(f func()) {
	h.t.Helper()
	_, err := askLoop(h.ctx, h.d, func(m *loopRequest[struct{}], _ time.Time) {
		f()
		m.replyAfterRound(h.d, struct{}{}, nil)
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// rawJSON converts a string to JSON.
func rawJSON(s string) json.RawMessage { return json.RawMessage(s) }

// disconnectWorker ends the session of a worker without the dispatcher's
// knowledge.
func (h *testDispatcher) disconnectWorker(w Attachment) {
	h.t.Helper()
	var p *workerConn
	h.runInLoop(func() { p = h.d.workers[workerID{w.GUID, w.Incarnation}] })
	e, _, err := p.client.Do(h.ctx, "DELETE", "/disconnect", p.session.token, webhook.DisconnectBody{})
	if err != nil || !e.Success {
		h.t.Fatalf("disconnect: %v %+v", err, e)
	}
}

// useWebhook waits until the loop has noticed that a worker has no stream.
func (h *testDispatcher) useWebhook(guid string) {
	h.t.Helper()
	for gone := false; !gone && h.ctx.Err() == nil; {
		h.runInLoop(func() { _, gone = h.d.workers[workerID{guid, 1}].transport.(webhookTransport) })
	}
}
