//go:build unix

package call_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"initiator/internal/loopback/loopbacktest"
	"initiator/worker"
	"initiator/worker/call"
)

// asWorker is the environment variable that makes the test binary a worker
// process. Its value is the port.
const asWorker = "CALL_TEST_WORKER_PORT"

func TestMain(m *testing.M) {
	if port := os.Getenv(asWorker); port != "" {
		worker.Options{Handlers: testHandlers(), Token: "own-token", Slots: 2, Args: []string{"--port", port}}.Main()
	}
	goleak.VerifyTestMain(m)
}

// patience is how long a test waits for an event that must happen. It is no
// statement about speed.
const patience = 30 * time.Second

var ownToken = call.WithBearer(func(string) string { return "own-token" })

type addition struct{ A, B int }

// testHandlers are the methods of the test's workers. Their dotted names are
// like the names of toto's modules.
func testHandlers() []worker.Handler {
	return []worker.Handler{
		worker.Handle("sum", func(_ context.Context, in addition) (map[string]int, error) {
			return map[string]int{"sum": in.A + in.B}, nil
		}),
		worker.HandleRaw("account.balance", func(_ context.Context, data json.RawMessage) (json.RawMessage, error) { return data, nil }),
		worker.HandleRaw("fail.toto", func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return nil, worker.TaskFail{Data: map[string]any{"code": 4242, "value": "Test Toto Exception"}}
		}),
		worker.HandleRaw("wait", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			<-ctx.Done()
			return nil, context.Cause(ctx)
		}),
	}
}

// launch runs a worker in this process and returns its host and port.
func launch(t *testing.T, o worker.Options) (address string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	o.Port, o.Token, o.Getenv = -1, "own-token", func(string) string { return "" }
	o.Listening = func(a net.Addr) { listening <- a }
	if o.Handlers == nil {
		o.Handlers = testHandlers()
	}
	go func() { ended <- worker.Run(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		if err := await(t, ended, "the end of the worker"); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return await(t, listening, "the worker's address").String()
}

// process is a worker in a process of its own.
type process struct {
	cmd     *exec.Cmd
	address string
	exited  chan struct{}
}

// spawn starts a worker process and waits until it listens.
func spawn(t *testing.T, port string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0]), address: "http://127.0.0.1:" + port, exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), asWorker+"="+port)
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	listening := make(chan struct{}, 1)
	go func() {
		defer close(p.exited)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if strings.Contains(lines.Text(), "listening") {
				listening <- struct{}{}
			}
		}
		_ = p.cmd.Wait() // the test kills it
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // an error only when it has exited
		<-p.exited
	})
	await(t, listening, "the worker process to listen")
	return p
}

// event is what a pool reports of an address.
type event struct {
	address string
	live    bool
}

func newPool(t *testing.T, o call.Options) (*call.Pool, chan event) {
	t.Helper()
	events := make(chan event, 1000)
	o.Notify = func(address string, live bool) { events <- event{address, live} }
	p, err := call.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, events
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

func awaitEvent(t *testing.T, events <-chan event, want event) {
	t.Helper()
	for await(t, events, fmt.Sprintf("%+v", want)) != want {
	}
}

// awaitCondition polls for a state that sends no event.
func awaitCondition(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("waited in vain")
		}
	}
}

// silentServer accepts calls and never answers. It counts them.
func silentServer(t *testing.T) (url string, calls *atomic.Int64) {
	calls = new(atomic.Int64)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			calls.Add(1)
			_, _ = io.Copy(io.Discard, r.Body) // otherwise the server does not notice that the caller has gone
			<-r.Context().Done()
		}
	}))
	t.Cleanup(web.Close)
	return web.URL, calls
}

// namedServer answers each call with its name, and counts the calls.
func namedServer(t *testing.T, name string, calls *atomic.Int64) string {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		fmt.Fprintf(w, "%q", name)
	}))
	t.Cleanup(web.Close)
	return web.URL
}

// refusingAddress returns a URL at which no process listens.
func refusingAddress(t *testing.T) string {
	t.Helper()
	return "http://127.0.0.1:" + freePort(t)
}

// freePort returns a port at which a worker can be started more than once.
func freePort(t *testing.T) string {
	t.Helper()
	return strconv.Itoa(loopbacktest.FreePort(t))
}

// gobCodec stands for any serialization that a program may bring.
type gobCodec struct{}

func init() { gob.Register(map[string]any{}) }

func (gobCodec) MIME() string { return "application/x-gob" }

func (gobCodec) Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(&v)
	return b.Bytes(), err
}

func (gobCodec) Unmarshal(data []byte, v any) error {
	var value any
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&value); err != nil {
		return err
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, v)
}

// wantError fails the test unless err is an [call.Error] with that status and code.
func wantError(t *testing.T, err error, status, code int) *call.Error {
	t.Helper()
	var answer *call.Error
	if !errors.As(err, &answer) {
		t.Fatalf("%v is no answer of a worker", err)
	}
	if answer.Status != status || answer.Code != code {
		t.Errorf("HTTP %d, code %d: %v; want HTTP %d, code %d", answer.Status, answer.Code, err, status, code)
	}
	return answer
}
