//go:build unix

package ding

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"initiator/internal/loopback/loopbacktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for an event that must happen. It is no
// statement about speed.
const patience = 30 * time.Second

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

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// start returns a Master that runs until the end of the test.
func start(t *testing.T, o MasterOptions) *Master {
	t.Helper()
	o.Port = -1
	setDefault(&o.RequestRetryWaiting, 0, time.Millisecond)
	m := NewMaster(o)
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = m.Shutdown(context.Background()) // an error only when the test has shut it down
		if err := m.Join(within(t)); err != nil {
			t.Error("Join:", err)
		}
	})
	return m
}

// startSlave returns a Slave that runs until the end of the test.
func startSlave(t *testing.T, o SlaveOptions) *Slave {
	t.Helper()
	o.Port = -1
	setDefault(&o.HeartbeatSpan, 0, 200*time.Millisecond)
	setDefault(&o.RequestRetryWaiting, 0, time.Millisecond)
	s := NewSlave(o)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Shutdown(context.Background())
		if err := s.Join(within(t)); err != nil {
			t.Error("Join:", err)
		}
	})
	return s
}

func dial(t *testing.T, m *Master, name, address string) *Connection {
	t.Helper()
	host, port, err := net.SplitHostPort(strings.TrimPrefix(address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	var n int
	_, _ = fmt.Sscan(port, &n)
	c, err := m.NewConnection(name, host, n, false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func connect(t *testing.T, m *Master, name, address string) *Connection {
	t.Helper()
	c := dial(t, m, name, address)
	if err := c.Connect(within(t)); err != nil {
		t.Fatal(err)
	}
	return c
}

// rawSlave is a slave that sends the bytes of the original and keeps the
// requests that it gets. Tests change its answers.
type rawSlave struct {
	*httptest.Server
	t       *testing.T
	answers sync.Map // "METHOD /path" → func(http.ResponseWriter)
	got     chan string
	master  atomic.Value // string
	token   atomic.Value // string
}

func newRawSlave(t *testing.T) *rawSlave {
	s := &rawSlave{t: t, got: make(chan string, 1000)}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *rawSlave) answer(what string, status, code int, message, data string) {
	s.answers.Store(what, func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"success": %t, "code": %d, "message": "%s", "data": %s}`+"\n", code == 0, code, message, data)
	})
}

func (s *rawSlave) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	what := r.Method + " " + r.URL.Path
	if what == "POST /connect" {
		var b struct{ Master struct{ Address string } }
		_ = json.Unmarshal(body, &b)
		s.master.Store(b.Master.Address)
		s.token.Store(r.Header.Get("Token"))
	}
	if f, ok := s.answers.Load(what); ok {
		f.(func(http.ResponseWriter))(w)
	} else {
		_, _ = io.WriteString(w, `{"success": true, "code": 0, "message": "ok", "data": null}`)
	}
	s.got <- what + " " + string(body)
}

// send sends exactly these bytes to the master, as the Python client writes
// them: no Content-Type, a body with GET.
func (s *rawSlave) send(method, path, body string) string {
	s.t.Helper()
	return exchange(s.t, s.master.Load().(string), method, path,
		[]string{"Channel: 0", "Token: " + s.token.Load().(string)}, body)
}

func exchange(t *testing.T, url, method, path string, header []string, body string) string {
	t.Helper()
	addr := strings.TrimPrefix(url, "http://")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	lines := append([]string{method + " " + path + " HTTP/1.1", "Host: " + addr, fmt.Sprintf("Content-Length: %d", len(body))}, header...)
	if _, err := io.WriteString(conn, strings.Join(lines, "\r\n")+"\r\n\r\n"+body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, answer)
}

var errTest = errors.New("a test's error")

// freeAddress returns an address at which no process listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(loopbacktest.FreePort(t)))
}
