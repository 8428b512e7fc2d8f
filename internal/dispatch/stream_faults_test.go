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
	"initiator/internal/webhook"
	"initiator/proactor"
	"initiator/proactor/chirp"
	"initiator/worker"
)

// pair is both ends of a stream within this process.
func pair(t testing.TB) (ours, theirs net.Conn) {
	t.Helper()
	one, other := socketpair(t)
	return connOf(t, one), connOf(t, other)
}

// socketpair is both ends, of which no child gets a copy by mistake.
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

func connOf(t testing.TB, f *os.File) net.Conn {
	t.Helper()
	defer f.Close()
	nc, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	return nc
}

// token is that of the workers that are played here.
const token = "own-token"

// frame encodes a message without identity as it goes over the wire.
func frame(header, data string) []byte {
	p := make([]byte, chirp.HeadSize, chirp.HeadSize+len(header)+len(data))
	binary.BigEndian.PutUint32(p[20:], uint32(len(data)))
	binary.BigEndian.PutUint16(p[24:], uint16(len(header)))
	return append(append(p, header...), data...)
}

// faults are the ways in which the far end of a born stream can be wrong.
var faults = map[string]func(c net.Conn){
	"cut at once":          func(c net.Conn) { c.Close() },
	"silent":               func(net.Conn) {},
	"half a handshake":     func(c net.Conn) { say(c, hello(token)[:9]); c.Close() },
	"another's identity":   func(c net.Conn) { say(c, hello("another's")) },
	"half a frame":         func(c net.Conn) { say(c, hello(token), frame(`{"k":"beat"}`, "")[:30]); c.Close() },
	"no frames":            func(c net.Conn) { say(c, hello(token), []byte(strings.Repeat("GET / HTTP/1.1\r\n", 20))) },
	"no header":            func(c net.Conn) { say(c, hello(token), frame(`no JSON`, "")) },
	"a beat without JSON":  func(c net.Conn) { say(c, hello(token), frame(`{"k":"beat"}`, "")) },
	"unknown kinds":        func(c net.Conn) { say(c, hello(token), frame(`{"k":"later"}`, "")); c.Close() },
	"answers to no task":   func(c net.Conn) { say(c, hello(token), frame(`{"s":"completed","a":1}`, "")); c.Close() },
	"a flood of answers":   func(c net.Conn) { say(c, hello(token)); flood(c, `{"s":"completed","a":1}`, "") },
	"a flood of progress":  func(c net.Conn) { say(c, hello(token)); flood(c, `{"k":"progress"}`, "1") },
	"progress, not JSON":   func(c net.Conn) { say(c, hello(token), frame(`{"k":"progress"}`, "")) },
	"it hangs up on tasks": func(c net.Conn) { say(c, hello(token)); _, _ = c.Read(make([]byte, 100)); c.Close() },
}

func hello(token string) []byte { return chirp.Handshake{Node: chirp.TokenID(token)}.Bytes() }

func say(c net.Conn, parts ...[]byte) {
	for _, p := range parts {
		if _, err := c.Write(p); err != nil {
			return
		}
	}
}

// flood says the same until the other end has had enough.
func flood(c net.Conn, header, data string) {
	many := []byte(strings.Repeat(string(frame(header, data)), 1000))
	for {
		if _, err := c.Write(many); err != nil {
			return
		}
	}
}

// TestABadStreamCostsNoTask: whatever the far end does, the tasks get to the
// worker by another stream or by webhook, once each, and the bad one is closed.
func TestABadStreamCostsNoTask(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
			h.d.streamOpenTimeout = 300 * time.Millisecond // the loop has not begun to use it
			url, _ := h.start(worker.Options{Handlers: []worker.Handler{echo}, Slots: 4, Token: token})
			ours, theirs := pair(t)
			var far sync.WaitGroup
			far.Go(func() { fault(theirs) })
			h.attach(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 4, Token: token, Stream: ours})
			for range 10 {
				got := h.ends(task.Request{Pool: "p", Data: raw(`1`)}, task.Completed)
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

// TestAResultThatIsNoJSONFailsTheTask, rather than whoever reads its record.
func TestAResultThatIsNoJSONFailsTheTask(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	playWorker(h, "w", func(c *chirp.Conn, m *chirp.Message) {
		_ = c.Send(chirp.Message{Identity: m.Identity, Header: []byte(`{"s":"completed","a":1}`), Data: []byte("{")})
	})
	got := h.ends(task.Request{Pool: "p"}, task.Failed)
	if !strings.Contains(got.Reason, "not JSON") {
		t.Error(got.Reason)
	}
}

// connects is a worker of which only /connect is there.
var connects = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/connect" {
		http.NotFound(w, r)
		return
	}
	webhook.Success.WriteAnswer(w, webhook.MessageConnected, proactor.ConnectAnswer{Slots: 1, Protocol: 1, Stream: true})
})

// playWorker attaches the far end of a stream that is played by the test.
func playWorker(h *house, guid string, answer func(*chirp.Conn, *chirp.Message)) {
	server := httptest.NewServer(connects)
	h.t.Cleanup(server.Close)
	h.playWorkerAt(server.URL, guid, answer)
}

func (h *house) playWorkerAt(url, guid string, answer func(*chirp.Conn, *chirp.Message)) *chirp.Conn {
	ours, theirs := pair(h.t)
	c := chirp.NewConn(theirs, chirp.ConnOptions{Handshake: chirp.Handshake{Node: chirp.TokenID(token)}, ReadBuffer: 1 << 10})
	go func() {
		if _, err := c.ExchangeHandshakes(context.Background()); err == nil {
			_ = c.Serve(func(m *chirp.Message) { answer(c, m) }) // until it is detached
		}
	}()
	h.attach(Attachment{GUID: guid, Incarnation: 1, Pool: "p", URL: url, Slots: 1, Token: token, Stream: ours})
	return c
}

// TestAThousandStreams: every one carries a task and a heartbeat, and when they
// are detached nothing of them is left.
func TestAThousandStreams(t *testing.T) {
	h := newHouse(t, def("p"))
	server := httptest.NewServer(connects)
	defer server.Close()
	h.worker("p", "real", 1, echo) // whatever is opened once is open now
	h.ends(task.Request{Pool: "p"}, task.Completed)
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
		all.Go(func() { h.ends(task.Request{Pool: "p", Data: raw(`{}`)}, task.Completed) })
	}
	all.Wait()
	<-obeyed
	for i := range n {
		h.d.DetachWorker(fmt.Sprint("w", i), 1, "exited")
	}
	h.inLoop(func() {
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
