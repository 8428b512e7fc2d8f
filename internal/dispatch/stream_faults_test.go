package dispatch

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
	"initiator/worker"
)

// newConnPair returns both ends of a stream in this process.
func newConnPair(t testing.TB) (ours, theirs net.Conn) {
	t.Helper()
	one, other := socketpair(t)
	return connFromFile(t, one), connFromFile(t, other)
}

// socketpair returns both ends. No child process inherits them.
func socketpair(t testing.TB) (one, other *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(fds[0])
	unix.CloseOnExec(fds[1])
	return os.NewFile(uintptr(fds[0]), "one"), os.NewFile(uintptr(fds[1]), "other")
}

func connFromFile(t testing.TB, f *os.File) net.Conn {
	t.Helper()
	defer f.Close()
	nc, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// token is the token of the workers that the test plays.
const token = "own-token"

// encodeFrame encodes a message without identity as it goes over the wire.
func encodeFrame(header, data string) []byte {
	p := make([]byte, chirp.HeadSize, chirp.HeadSize+len(header)+len(data))
	binary.BigEndian.PutUint32(p[20:], uint32(len(data)))
	binary.BigEndian.PutUint16(p[24:], uint16(len(header)))
	return append(append(p, header...), data...)
}

// streamFaults holds the ways in which the far end of an inherited stream can
// be wrong.
var streamFaults = map[string]func(c net.Conn){
	"cut at once":        func(c net.Conn) { c.Close() },
	"silent":             func(net.Conn) {},
	"half a handshake":   func(c net.Conn) { writeParts(c, encodeHandshake(token)[:9]); c.Close() },
	"another's identity": func(c net.Conn) { writeParts(c, encodeHandshake("another's")) },
	"half a frame": func(c net.Conn) {
		writeParts(c, encodeHandshake(token), encodeFrame(`{"k":"beat"}`, "")[:30])
		c.Close()
	},
	"no frames": func(c net.Conn) {
		writeParts(c, encodeHandshake(token), []byte(strings.Repeat("GET / HTTP/1.1\r\n", 20)))
	},
	"no header":           func(c net.Conn) { writeParts(c, encodeHandshake(token), encodeFrame(`no JSON`, "")) },
	"a beat without JSON": func(c net.Conn) { writeParts(c, encodeHandshake(token), encodeFrame(`{"k":"beat"}`, "")) },
	"unknown kinds":       func(c net.Conn) { writeParts(c, encodeHandshake(token), encodeFrame(`{"k":"later"}`, "")); c.Close() },
	"answers to no task": func(c net.Conn) {
		writeParts(c, encodeHandshake(token), encodeFrame(`{"s":"completed","a":1}`, ""))
		c.Close()
	},
	"a flood of answers":   func(c net.Conn) { writeParts(c, encodeHandshake(token)); writeFlood(c, `{"s":"completed","a":1}`, "") },
	"a flood of progress":  func(c net.Conn) { writeParts(c, encodeHandshake(token)); writeFlood(c, `{"k":"progress"}`, "1") },
	"progress, not JSON":   func(c net.Conn) { writeParts(c, encodeHandshake(token), encodeFrame(`{"k":"progress"}`, "")) },
	"it hangs up on tasks": func(c net.Conn) { writeParts(c, encodeHandshake(token)); _, _ = c.Read(make([]byte, 100)); c.Close() },
}

func encodeHandshake(token string) []byte { return chirp.Handshake{Node: chirp.TokenID(token)}.Bytes() }

func writeParts(c net.Conn, parts ...[]byte) {
	for _, p := range parts {
		if _, err := c.Write(p); err != nil {
			return
		}
	}
}

// writeFlood repeats a message until the other end closes.
func writeFlood(c net.Conn, header, data string) {
	many := []byte(strings.Repeat(string(encodeFrame(header, data)), 1000))
	for {
		if _, err := c.Write(many); err != nil {
			return
		}
	}
}

// TestABadStreamCostsNoTask checks that the tasks reach the worker by another
// stream or by webhook, once each, and that the bad stream is closed.
func TestABadStreamCostsNoTask(t *testing.T) {
	t.Parallel()
	for name, fault := range streamFaults {
		t.Run(name, func(t *testing.T) {
			h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
			h.d.streamOpenTimeout = 300 * time.Millisecond // the loop does not use it yet
			url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{echo}, Slots: 4, Token: token})
			ours, theirs := newConnPair(t)
			var far sync.WaitGroup
			far.Go(func() { fault(theirs) })
			h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 4, Token: token, Stream: ours})
			for range 10 {
				got := h.mustEnd(task.Request{Pool: "p", Data: rawJSON(`1`)}, task.Completed)
				if len(got.History) != 1 {
					t.Errorf("%+v", got.History)
				}
			}
			h.stop()
			far.Wait()
			theirs.Close()
			if _, err := ours.Read(make([]byte, 1)); err == nil || !strings.Contains(err.Error(), "closed") {
				t.Errorf("our end is open: %v", err)
			}
		})
	}
}

// TestAResultThatIsNoJSONFailsTheTask protects the readers of the task's
// record.
func TestAResultThatIsNoJSONFailsTheTask(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	playWorker(h, "w", func(c *chirp.Conn, m *chirp.Message) {
		_ = c.Send(chirp.Message{Identity: m.Identity, Header: []byte(`{"s":"completed","a":1}`), Data: []byte("{")})
	})
	got := h.mustEnd(task.Request{Pool: "p"}, task.Failed)
	if !strings.Contains(got.Reason, "not JSON") {
		t.Error(got.Reason)
	}
}

// connects is a worker that only serves /connect.
var connects = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/connect" {
		http.NotFound(w, r)
		return
	}
	webhook.Success.WriteAnswer(w, webhook.MessageConnected, webhook.ConnectAnswer{Slots: 1, Protocol: 1, Stream: true})
})

// playWorker attaches a worker whose end of the stream the test plays.
func playWorker(h *testDispatcher, guid string, answer func(*chirp.Conn, *chirp.Message)) {
	server := httptest.NewServer(connects)
	h.t.Cleanup(server.Close)
	h.playWorkerAt(server.URL, guid, answer)
}

func (h *testDispatcher) playWorkerAt(url, guid string, answer func(*chirp.Conn, *chirp.Message)) *chirp.Conn {
	ours, theirs := newConnPair(h.t)
	c := chirp.NewConn(theirs, chirp.ConnOptions{Handshake: chirp.Handshake{Node: chirp.TokenID(token)}, ReadBuffer: 1 << 10})
	go func() {
		if _, err := c.ExchangeHandshakes(context.Background()); err == nil {
			_ = c.Serve(func(m *chirp.Message) { answer(c, m) }) // returns when the worker is detached
		}
	}()
	h.attachConnected(Attachment{GUID: guid, Incarnation: 1, Pool: "p", URL: url, Slots: 1, Token: token, Stream: ours})
	return c
}

// TestAThousandStreams sends a task and a heartbeat over each of them. After
// the workers are detached, nothing of the streams is left.
func TestAThousandStreams(t *testing.T) {
	h := newTestDispatcher(t, newPool("p"))
	server := httptest.NewServer(connects)
	defer server.Close()
	h.attachWorker("p", "real", 1, echo) // opens what is opened only once
	h.mustEnd(task.Request{Pool: "p"}, task.Completed)
	before := openFiles(t)
	const n = 1000
	obeyed := make(chan chirp.ID, 1)
	for i := range n {
		h.playWorkerAt(server.URL, fmt.Sprint("w", i), func(c *chirp.Conn, m *chirp.Message) {
			if string(m.Header) == `{"k":"obey"}` {
				select {
				case obeyed <- m.Identity:
				default:
				}
				return
			}
			_ = c.Send(chirp.Message{Header: []byte(`{"k":"beat"}`), Data: []byte(`{"incarnation":1}`)})
			_ = c.Send(chirp.Message{Identity: m.Identity, Header: []byte(`{"s":"completed"}`), Data: m.Data})
		})
	}
	var all sync.WaitGroup
	for range 2 * n {
		all.Go(func() { h.mustEnd(task.Request{Pool: "p", Data: rawJSON(`{}`)}, task.Completed) })
	}
	all.Wait()
	<-obeyed
	for i := range n {
		h.d.DetachWorker(fmt.Sprint("w", i), 1, lifecycle.DetachDied, "exited")
	}
	h.runInLoop(func() {
		h.d.http.CloseIdleConnections()
		server.CloseClientConnections()
	})
	for deadline := time.Now().Add(patience); openFiles(t) > before; {
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors before, %d after", before, openFiles(t))
		}
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
