//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"initiator/internal/webhook"
	"initiator/proactor"
)

// asWorker makes the test binary a worker process.
const asWorker = "WORKER_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) != "" {
		handlers := testHandlers()
		if os.Getenv(asWorker) == "ignores" {
			handlers = append(handlers, HandleRaw("ignores", func(context.Context, json.RawMessage) (json.RawMessage, error) { select {} }))
		}
		Main(handlers...)
	}
	_ = flag.Set("test.parallel", "4") // the tests mostly wait; the command line has precedence
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for an event that must happen. It is no
// statement about speed.
const patience = 30 * time.Second

type addition struct{ A, B int }

func testHandlers() []Handler {
	return []Handler{
		Handle("sum", func(_ context.Context, in addition) (map[string]int, error) {
			return map[string]int{"sum": in.A + in.B}, nil
		}),
		HandleRaw("echo", func(_ context.Context, data json.RawMessage) (json.RawMessage, error) { return data, nil }),
		HandleRaw("wait", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			Progress(ctx, "waiting")
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}),
	}
}

// program is a worker that listens on loopback inside the test.
type program struct {
	t      *testing.T
	addr   string
	token  string
	stop   context.CancelFunc
	result chan error // the result of Run

	chirpAt netip.AddrPort // the address of its chirp_port, if it has one
	far     net.Conn       // the test's end of the stream that was passed to the worker
}

func launch(t *testing.T, o Options) *program {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	p := &program{t: t, token: "own-token", stop: cancel, result: make(chan error, 1)}
	listening := make(chan net.Addr, 1)
	o.Listening = func(a net.Addr) { listening <- a }
	o.Getenv = func(string) string { return "" }
	o.Port, o.GUID, o.Token = -1, "a1b2", p.token
	setDefault(&o.HeartbeatSpan, o.HeartbeatSpan == 0, minHeartbeatSpan)
	setDefault(&o.RetryWait, o.RetryWait == 0, time.Millisecond)
	setDefault(&o.Handlers, o.Handlers == nil, testHandlers())
	go func() { p.result <- Run(ctx, o) }()
	select {
	case a := <-listening:
		p.addr = a.String()
	case err := <-p.result:
		t.Fatalf("the worker ended: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := p.waitEnded(); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return p
}

// waitEnded waits until Run has returned.
func (p *program) waitEnded() error {
	err := await(p.t, p.result, "the end of the worker")
	p.result <- err
	return err
}

func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

// call sends one webhook.
func (p *program) call(method, path, token string, body any) (proactor.Envelope, int) {
	p.t.Helper()
	c := &webhook.Client{Base: "http://" + p.addr, HTTP: webhook.NewHTTPClient(1), Timeout: patience}
	defer c.HTTP.CloseIdleConnections()
	e, status, err := c.Do(context.Background(), method, path, token, body)
	if err != nil {
		p.t.Fatalf("%v", err)
	}
	return e, status
}

func (p *program) mustCall(want webhook.Code, method, path, token string, body any) proactor.Envelope {
	p.t.Helper()
	e, status := p.call(method, path, token, body)
	if e.Code != want.Number || status != want.Status {
		p.t.Fatalf("%s %s: got %d/%d %q, want %d/%d", method, path, e.Code, status, e.Message, want.Number, want.Status)
	}
	return e
}

func (p *program) connect(m *master) {
	p.t.Helper()
	p.mustCall(webhook.Success, "POST", "/connect", m.session, webhook.ConnectBody{Master: webhook.Master{Address: m.URL}})
}

func (p *program) give(m *master, id, method string, data string) {
	p.t.Helper()
	p.mustCall(webhook.Success, "POST", "/task/new", m.session, taskBody(id, method, data))
}

func taskBody(id, method, data string) webhook.TaskBody {
	return webhook.TaskBody{Task: webhook.TaskRef{ID: id, Method: method, Attempt: 1}, Data: json.RawMessage(data)}
}

// master is the worker's master. It records the requests of the worker.
type master struct {
	*httptest.Server
	session string
	beats   chan webhook.HeartbeatBody
	results chan masterResult
	// answer answers in place of the master when it is set.
	answer atomic.Pointer[http.HandlerFunc]

	mu  sync.Mutex
	far *farEnd // nil before the first call of openStream
}

type masterResult struct {
	path string
	webhook.ResultBody
}

func newMaster(t *testing.T) *master {
	m := &master{
		session: webhook.NewToken(),
		beats:   make(chan webhook.HeartbeatBody, 10_000),
		results: make(chan masterResult, 10_000),
	}
	m.Server = httptest.NewServer(m)
	t.Cleanup(m.Close)
	return m
}

func (m *master) answerWith(h http.HandlerFunc) { m.answer.Store(&h) }

func (m *master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if h := m.answer.Load(); h != nil {
		(*h)(w, r)
		return
	}
	m.record(r.Method+" "+r.URL.Path, r.Header.Get("Token"), body)
	webhook.Success.WriteAnswer(w, "", nil)
}

func (m *master) record(what, token string, body []byte) {
	switch what {
	case "GET /slave/heartbeat":
		var b webhook.HeartbeatBody
		if err := json.Unmarshal(body, &b); err != nil {
			panic(fmt.Sprintf("heartbeat %q: %v", body, err))
		}
		m.beats <- b
	case "PUT /slave/task/complete", "PUT /slave/task/fail":
		r := masterResult{path: strings.TrimPrefix(what, "PUT /slave/task/")}
		if err := json.Unmarshal(body, &r.ResultBody); err != nil || token != m.session {
			panic(fmt.Sprintf("result %q with token %q: %v", body, token, err))
		}
		m.results <- r
	default:
		panic("unexpected request: " + what)
	}
}

func (r masterResult) String() string { return fmt.Sprintf("%s %s %s", r.Task.ID, r.path, r.Result) }

func (m *master) wantResult(t *testing.T, want string) {
	t.Helper()
	if got := await(t, m.results, "the result "+want).String(); got != want {
		t.Errorf("result %s\nwant   %s", got, want)
	}
}

// waitHeartbeat waits for a heartbeat for which ok returns true.
func (m *master) waitHeartbeat(t *testing.T, what string, ok func(webhook.HeartbeatBody) bool) {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case b := <-m.beats:
			if ok(b) {
				return
			}
		case <-deadline:
			t.Fatalf("waited in vain for a heartbeat %s", what)
		}
	}
}

var errTest = errors.New("a test's error")
