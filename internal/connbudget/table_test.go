package connbudget

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hashicorp/go-hclog"
)

func TestDivide(t *testing.T) {
	for descriptors, want := range map[uint64]Limits{
		0:          {4, 4, 4, 4, 4, 4},
		256:        {Anonymous: 32, Arriving: 16, Lifeline: 64, Client: 48, Local: 32, Stream: 16},
		1 << 20:    {Anonymous: 1024, Arriving: 1024, Lifeline: 65536, Client: 16384, Local: 16384, Stream: 4096},
		^uint64(0): {Anonymous: 1024, Arriving: 1024, Lifeline: 65536, Client: 16384, Local: 16384, Stream: 4096},
	} {
		got := Divide(descriptors)
		if got != want {
			t.Errorf("%d: %v, want %v", descriptors, got, want)
		}
		sum := 0
		for _, n := range got {
			sum += n
		}
		if descriptors >= 64 && uint64(sum) > descriptors*13/16 {
			t.Errorf("%d: %d of them are for connections", descriptors, sum)
		}
	}
	if DescriptorLimit() < 8 {
		t.Error(DescriptorLimit())
	}
}

// testServer is a server with few connections of each kind. A request says in its
// query of which kind and owner its connection is; a request to /wait is answered
// when the test ends.
type testServer struct {
	*httptest.Server
	table   *Table
	waiting chan struct{} // receives a token when a request waits
}

func startServer(t *testing.T, l Limits) *testServer {
	t.Helper()
	s := &testServer{table: New(l, hclog.NewNullLogger()), waiting: make(chan struct{}, 100)}
	end := make(chan struct{})
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		for k := range kinds {
			if q.Get("kind") == fmt.Sprint(int(k)) && !Admit(r.Context(), k, q.Get("owner")) {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
		}
		if r.URL.Path == "/wait" {
			s.waiting <- struct{}{}
			<-end
		}
	}))
	s.table.AttachServer(s.Config)
	s.Start()
	t.Cleanup(func() {
		close(end)
		s.Close()
	})
	return s
}

// waitIdle waits until the server has noticed that so many connections of a kind
// are idle: the client has the answer before that.
func (s *testServer) waitIdle(k Kind, number int) {
	idle := func() int {
		s.table.mu.Lock()
		defer s.table.mu.Unlock()
		return s.table.classes[k].idle.Len()
	}
	for idle() != number {
		runtime.Gosched()
	}
}

// testConn is one connection to a server.
type testConn struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (s *testServer) dial(t *testing.T) *testConn {
	t.Helper()
	c, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &testConn{t, c, bufio.NewReader(c)}
}

func (c *testConn) send(path string, k Kind, owner string) {
	c.t.Helper()
	if _, err := fmt.Fprintf(c, "GET %s?kind=%d&owner=%s HTTP/1.1\r\nHost: x\r\n\r\n", path, int(k), owner); err != nil {
		c.t.Fatal(err)
	}
}

// ask sends a request and returns the status of its answer.
func (c *testConn) ask(k Kind, owner string) int {
	c.t.Helper()
	c.send("/", k, owner)
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatalf("kind %v, owner %s: %v", k, owner, err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode
}

// expectClosed waits until the server has closed the connection.
func (c *testConn) expectClosed() {
	c.t.Helper()
	if _, err := c.in.ReadByte(); err == nil {
		c.t.Error("the connection gets an answer")
	}
}

var few = Limits{Anonymous: 2, Arriving: 2, Lifeline: 2, Client: 3, Local: 2, Stream: 2}

func TestTheOldestConnectionWithoutATokenIsClosed(t *testing.T) {
	s := startServer(t, few)
	known := s.dial(t)
	if known.ask(Lifeline, "a") != 200 {
		t.Fatal("the first request is refused")
	}
	slow := s.dial(t)
	if _, err := io.WriteString(slow, "GET / HTTP/1.1\r\n"); err != nil { // a slow header gains no time
		t.Fatal(err)
	}
	idle := s.dial(t)
	third := s.dial(t)
	slow.expectClosed()
	s.dial(t)
	idle.expectClosed()
	if got := third.ask(Anonymous, ""); got != 200 {
		t.Errorf("an anonymous request: %d", got)
	}
	if got := known.ask(Lifeline, "a"); got != 200 {
		t.Errorf("a known connection: %d", got)
	}
}

// Many clients connect at the same time, each with its request under way. None of
// them loses its connection, although they are more than may be without a token.
func TestABurstOfClients(t *testing.T) {
	s := startServer(t, Limits{Anonymous: 16, Arriving: 2, Lifeline: 2, Client: 500, Local: 2, Stream: 2})
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() {
			c, err := net.Dial("tcp", s.Listener.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if _, err = fmt.Fprintf(c, "GET /?kind=%d HTTP/1.1\r\nHost: x\r\n\r\n", int(Client)); err == nil {
				_, err = http.ReadResponse(bufio.NewReader(c), nil)
			}
			if err != nil {
				t.Errorf("a client of many: %v", err)
			}
		})
	}
	all.Wait()
}

func TestTheLongestIdleConnectionIsClosed(t *testing.T) {
	s := startServer(t, few)
	a, b := s.dial(t), s.dial(t)
	a.ask(Lifeline, "a")
	b.ask(Lifeline, "b")
	s.waitIdle(Lifeline, 2)
	a.ask(Lifeline, "a") // b is idle longer now
	s.waitIdle(Lifeline, 2)
	if got := s.dial(t).ask(Lifeline, "c"); got != 200 {
		t.Fatal(got)
	}
	b.expectClosed()
	if got := a.ask(Lifeline, "a"); got != 200 {
		t.Errorf("a: %d", got)
	}
}

// The owner with most connections pays, and no owner loses a connection in use to an
// owner that has as many.
func TestTheLargestOwnerPays(t *testing.T) {
	s := startServer(t, few)
	var greedy []*testConn
	for range 3 {
		c := s.dial(t)
		c.send("/wait", Client, "greedy")
		<-s.waiting
		greedy = append(greedy, c)
	}
	if got := s.dial(t).ask(Client, "greedy"); got != 503 {
		t.Errorf("a fourth connection of the owner of all: %d", got)
	}
	c := s.dial(t)
	c.send("/wait", Client, "modest")
	<-s.waiting
	greedy[0].expectClosed()
	if got := s.dial(t).ask(Client, "modest"); got != 503 {
		t.Errorf("a second connection, where the other owner has two: %d", got)
	}
}

func TestAReleasedStreamMakesRoom(t *testing.T) {
	table := New(few, hclog.NewNullLogger())
	var contexts []context.Context
	for range 3 {
		c, other := net.Pipe()
		defer c.Close()
		defer other.Close()
		contexts = append(contexts, context.WithValue(context.Background(), entryKey{}, table.addConn(c)))
		if len(contexts) < 3 && !Admit(contexts[len(contexts)-1], Stream, "") {
			t.Fatal("refused")
		}
	}
	if Admit(contexts[2], Stream, "") {
		t.Error("three streams, where two are allowed")
	}
	Release(contexts[0])
	Release(contexts[0])
	if !Admit(contexts[2], Stream, "") {
		t.Error("a released stream makes no room")
	}
	if !Admit(context.Background(), Stream, "") {
		t.Error("a request of a server without a table is refused")
	}
}

func TestConnectionsOverASocketAreArriving(t *testing.T) {
	table := New(few, hclog.NewNullLogger())
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()
	if e := table.addConn(accepted); e.kind != Arriving {
		t.Errorf("it is %v", e.kind)
	}
}

// exhausted is a listener of a process that has no descriptor once.
type exhausted struct {
	net.Listener
	failures int
}

func (l *exhausted) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

func TestAcceptWithoutDescriptorsClosesASpareConnection(t *testing.T) {
	table := New(few, hclog.NewNullLogger())
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	failing := &exhausted{tcp, 1}
	l := table.Listener(failing)
	if _, err := l.Accept(); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("without a spare connection: %v", err)
	}
	spare, other := net.Pipe()
	defer other.Close()
	table.addConn(spare)
	c, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	failing.failures = 1
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	accepted.Close()
	if _, err := spare.Read(nil); err == nil {
		t.Error("the spare connection is open")
	}
}

// The log names the limit and what to do, once for many connections.
func TestWarning(t *testing.T) {
	var text strings.Builder
	table := New(few, hclog.New(&hclog.LoggerOptions{Output: &text}))
	for range 10 {
		c, other := net.Pipe()
		defer c.Close()
		defer other.Close()
		table.addConn(c)
	}
	if got := text.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "too many connections without a token are open") || !strings.Contains(got, "limit=2") {
		t.Error(got)
	}
}
