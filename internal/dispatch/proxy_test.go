package dispatch

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/worker"
)

// faultProxy stands between the dispatcher and a worker. It spoils answers to
// POST /task/new that the worker has given.
type faultProxy struct {
	url    string
	spoil  atomic.Int64 // how many answers are still to be spoiled
	how    func(p *faultProxy, c net.Conn, answer []byte)
	posts  atomic.Int64
	behind string
	http   *http.Client
	done   chan struct{} // closed when the test ends
}

func newFaultProxy(h *testDispatcher, behind string, times int64, how func(*faultProxy, net.Conn, []byte)) *faultProxy {
	p := &faultProxy{how: how, behind: behind, http: &http.Client{Transport: &http.Transport{}}, done: make(chan struct{})}
	p.spoil.Store(times)
	server := httptest.NewServer(p)
	p.url = server.URL
	h.t.Cleanup(func() {
		close(p.done)
		server.Close()
		p.http.CloseIdleConnections()
	})
	return p
}

func (p *faultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stream" {
		http.NotFound(w, r) // only a proxy for requests; streams are declined
		return
	}
	body, _ := io.ReadAll(r.Body)
	status, answer, err := p.pass(r, body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if r.URL.Path == "/task/new" {
		p.posts.Add(1)
		if p.spoil.Add(-1) >= 0 {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				p.how(p, c, answer)
				_ = c.Close()
			}
			return
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

func (p *faultProxy) pass(r *http.Request, body []byte) (int, []byte, error) {
	// The client may leave before the worker has answered.
	out, err := http.NewRequest(r.Method, p.behind+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	out.Header = r.Header.Clone()
	res, err := p.http.Do(out)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"

// These are the ways in which an answer gets lost after the worker has done its
// part.
var spoilt = map[string]func(*faultProxy, net.Conn, []byte){
	"reset": func(_ *faultProxy, c net.Conn, _ []byte) {
		_ = c.(*net.TCPConn).SetLinger(0)
	},
	"closed": func(*faultProxy, net.Conn, []byte) {},
	"half": func(_ *faultProxy, c net.Conn, answer []byte) {
		_, _ = fmt.Fprintf(c, head, len(answer), answer[:len(answer)/2])
	},
	// net/http logs that the rest was unsolicited, which is true.
	"too short a length": func(_ *faultProxy, c net.Conn, answer []byte) {
		_, _ = fmt.Fprintf(c, head, len(answer)-7, answer)
	},
	"too long a length": func(_ *faultProxy, c net.Conn, answer []byte) {
		_, _ = fmt.Fprintf(c, head, len(answer)+7, answer)
	},
	"no HTTP":      func(_ *faultProxy, c net.Conn, _ []byte) { _, _ = c.Write([]byte("220 mail.example ESMTP\r\n")) },
	"no JSON":      func(_ *faultProxy, c net.Conn, _ []byte) { _, _ = fmt.Fprintf(c, head, 6, "<html>") },
	"other JSON":   func(_ *faultProxy, c net.Conn, _ []byte) { _, _ = fmt.Fprintf(c, head, 15, `{"status":"up"}`) },
	"not answered": func(p *faultProxy, _ net.Conn, _ []byte) { <-p.done },
	"dripping": func(p *faultProxy, c net.Conn, answer []byte) {
		_, _ = fmt.Fprintf(c, head, 100*len(answer), answer[:4])
		<-p.done
	},
}

// A worker knows the tasks that it has. Whatever is lost on the way back, a
// task runs once and is not charged.
func TestLostAnswersRunNothingTwice(t *testing.T) {
	t.Parallel()
	for name, how := range spoilt {
		t.Run(name, func(t *testing.T) {
			h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
			h.d.postTimeout = 150 * time.Millisecond // the loop does not use it yet
			g := newGate(h)
			g.let()
			url, _ := h.startWorkerProcess(worker.Options{Slots: 2, Handlers: []worker.Handler{g.handler("g")}})
			p := newFaultProxy(h, url, 2, how)
			h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: p.url, Slots: 2})
			got := h.mustEnd(task.Request{Pool: "p", Data: rawJSON(`{"a":1}`)}, task.Completed)
			if string(got.Result) != `{"a":1}` || len(got.History) != 1 {
				t.Errorf("%s %+v", got.Result, got.History)
			}
			if n := len(g.began); n != 1 {
				t.Errorf("it ran %d times", n)
			}
			if n := p.posts.Load(); n < 3 {
				t.Errorf("only %d requests: nothing was spoilt", n)
			}
		})
	}
}

// A worker that always answers nonsense is not asked for ever.
func TestEndlessNonsenseCostsTheAttempt(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{echo}})
	p := newFaultProxy(h, url, 1<<40, func(_ *faultProxy, c net.Conn, _ []byte) { _, _ = fmt.Fprintf(c, head, 6, "<html>") })
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: p.url, Slots: 1})
	got := h.mustEnd(task.Request{Pool: "p"}, task.Dead)
	if !strings.Contains(got.Reason, "not a webhook envelope") {
		t.Errorf("reason %q", got.Reason)
	}
}

// A worker that answers nonsense twice, after connections that broke, has not
// answered nonsense three times.
func TestNonsenseAfterLostAnswers(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{echo}})
	p := newFaultProxy(h, url, 4, func(p *faultProxy, c net.Conn, _ []byte) {
		if p.posts.Load() > 2 {
			_, _ = fmt.Fprintf(c, head, 6, "<html>")
		}
	})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: p.url, Slots: 1})
	if got := h.mustEnd(task.Request{Pool: "p"}, task.Completed); len(got.History) != 1 {
		t.Errorf("%+v", got.History)
	}
}

// A ding slave does not know which tasks it got. A busy slave may be busy with
// this task, which must then not run elsewhere.
func TestLostAnswerOfADingSlave(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	s := newDingSlave(t)
	s.gate = make(chan struct{})
	p := newFaultProxy(h, s.url, 1, func(_ *faultProxy, c net.Conn, _ []byte) { _ = c.(*net.TCPConn).SetLinger(0) })
	h.attachDing("proxied", &dingSlave{url: p.url})
	one := h.mustSubmit(task.Request{Pool: "p", Data: rawJSON(`{"a":1}`)})
	<-s.started
	other := newDingSlave(t)
	h.attachDing("other", other)
	for p.posts.Load() < 3 { // repeated requests, answered "busy"
		h.runInLoop(func() {})
	}
	close(s.gate)
	got := h.mustWait(one.ID)
	if got.State != task.Completed || len(got.History) != 1 || len(s.started)+len(other.started) != 0 {
		t.Errorf("%s, begun %d more times, %+v", got.State, len(s.started)+len(other.started), got.History)
	}
}
