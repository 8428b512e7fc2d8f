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

// proxy stands between the dispatcher and a worker and spoils answers to POST
// /task/new after the worker has given them.
type proxy struct {
	url    string
	spoil  atomic.Int64 // how many answers are still to be spoilt
	how    func(p *proxy, c net.Conn, answer []byte)
	posts  atomic.Int64
	behind string
	http   *http.Client
	done   chan struct{} // closed when the test ends
}

func newProxy(h *house, behind string, times int64, how func(*proxy, net.Conn, []byte)) *proxy {
	p := &proxy{how: how, behind: behind, http: &http.Client{Transport: &http.Transport{}}, done: make(chan struct{})}
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

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stream" {
		http.NotFound(w, r) // a proxy for requests; the tasks go through it
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

func (p *proxy) pass(r *http.Request, body []byte) (int, []byte, error) {
	// The client may go before the worker has answered: not our business.
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

// spoilt are the ways in which an answer gets lost after the worker has done
// its part.
var spoilt = map[string]func(*proxy, net.Conn, []byte){
	"reset": func(_ *proxy, c net.Conn, _ []byte) {
		_ = c.(*net.TCPConn).SetLinger(0)
	},
	"closed": func(*proxy, net.Conn, []byte) {},
	"half": func(_ *proxy, c net.Conn, answer []byte) {
		_, _ = fmt.Fprintf(c, head, len(answer), answer[:len(answer)/2])
	},
	// net/http prints that the rest was unsolicited; so it was.
	"too short a length": func(_ *proxy, c net.Conn, answer []byte) {
		_, _ = fmt.Fprintf(c, head, len(answer)-7, answer)
	},
	"too long a length": func(_ *proxy, c net.Conn, answer []byte) {
		_, _ = fmt.Fprintf(c, head, len(answer)+7, answer)
	},
	"no HTTP":      func(_ *proxy, c net.Conn, _ []byte) { _, _ = c.Write([]byte("220 mail.example ESMTP\r\n")) },
	"no JSON":      func(_ *proxy, c net.Conn, _ []byte) { _, _ = fmt.Fprintf(c, head, 6, "<html>") },
	"other JSON":   func(_ *proxy, c net.Conn, _ []byte) { _, _ = fmt.Fprintf(c, head, 15, `{"status":"up"}`) },
	"not answered": func(p *proxy, _ net.Conn, _ []byte) { <-p.done },
	"dripping": func(p *proxy, c net.Conn, answer []byte) {
		_, _ = fmt.Fprintf(c, head, 100*len(answer), answer[:4])
		<-p.done
	},
}

// A worker of ours knows a task that it has, so that whatever is lost on the
// way back it runs once, and nobody pays.
func TestLostAnswersRunNothingTwice(t *testing.T) {
	for name, how := range spoilt {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
			h.d.postTimeout = 150 * time.Millisecond // the loop has not begun to use it
			g := newGate(h)
			g.let()
			url, _ := h.start(worker.Options{Slots: 2, Handlers: []worker.Handler{g.handler("g")}})
			p := newProxy(h, url, 2, how)
			h.attach(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: p.url, Slots: 2})
			got := h.ends(task.Request{Pool: "p", Data: raw(`{"a":1}`)}, task.Completed)
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

// What answers nonsense for ever is not asked for ever.
func TestEndlessNonsenseCostsTheAttempt(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 2}})
	url, _ := h.start(worker.Options{Handlers: []worker.Handler{echo}})
	p := newProxy(h, url, 1<<40, func(_ *proxy, c net.Conn, _ []byte) { _, _ = fmt.Fprintf(c, head, 6, "<html>") })
	h.attach(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: p.url, Slots: 1})
	got := h.ends(task.Request{Pool: "p"}, task.Dead)
	if !strings.Contains(got.Reason, "not a webhook envelope") {
		t.Errorf("reason %q", got.Reason)
	}
}

// A ding slave does not know what it has been sent. While it is busy it may be
// with that task, which then must not run elsewhere at the same time.
func TestLostAnswerOfADingSlave(t *testing.T) {
	h := newHouse(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	s := newSlave(t)
	s.gate = make(chan struct{})
	p := newProxy(h, s.url, 1, func(_ *proxy, c net.Conn, _ []byte) { _ = c.(*net.TCPConn).SetLinger(0) })
	h.ding("proxied", &slave{url: p.url})
	one := h.submit(task.Request{Pool: "p", Data: raw(`{"a":1}`)})
	<-s.started
	other := newSlave(t)
	h.ding("other", other)
	for p.posts.Load() < 3 { // asked again and again, and busy
		h.inLoop(func() {})
	}
	close(s.gate)
	got := h.wait(one.ID)
	if got.State != task.Completed || len(got.History) != 1 || len(s.started)+len(other.started) != 0 {
		t.Errorf("%s, begun %d more times, %+v", got.State, len(s.started)+len(other.started), got.History)
	}
}
