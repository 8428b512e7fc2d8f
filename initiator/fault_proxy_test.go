package initiator_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"
)

// faultProxy stands before one end of the webhooks and passes requests on. It treats
// some requests, or their answers, as a bad network does.
type faultProxy struct {
	base    func() string                      // of the end that it stands before
	rewrite func(path string, b []byte) []byte // a body on its way
	http    *http.Client
}

// A fault is what happens to one request.
type fault int

const (
	noFault        fault = iota
	slow                 // delivered late
	lateAnswer           // answered late
	deliveredTwice       // delivered twice, the second answer given
	deliveredAgain       // delivered again when it has been answered
	notDelivered         // not delivered, not answered
	notAnswered          // delivered, not answered
	halfAnswered         // delivered, half answered
	faultCount
)

// pickFault chooses a fault often for a request that carries a task, sometimes for a
// heartbeat or a connect, and never for another request.
func pickFault(path string) fault {
	chance := 0
	switch {
	case strings.Contains(path, "/task/"):
		chance = 40
	case strings.HasSuffix(path, "/heartbeat"), path == "/connect":
		chance = 10
	}
	if rand.IntN(100) >= chance {
		return noFault
	}
	return 1 + rand.N(faultCount-1)
}

func (g *faultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stream" {
		http.NotFound(w, r) // the proxy cannot read streams
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if g.rewrite != nil {
		body = g.rewrite(r.URL.Path, body)
	}
	m := pickFault(r.URL.Path)
	switch m {
	case slow:
		delayUpTo(r, 300)
	case notDelivered:
		drop(w, nil)
		return
	case deliveredTwice:
		_, _, _ = g.pass(r, body)
	}
	status, answer, err := g.pass(r, body)
	switch {
	case err != nil:
		panic(http.ErrAbortHandler)
	case m == lateAnswer:
		delayUpTo(r, 300)
	case m == notAnswered:
		drop(w, nil)
		return
	case m == halfAnswered:
		drop(w, answer)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
	if m == deliveredAgain {
		again := r.Clone(r.Context())
		go func() { // ends with its timer, or with the process
			<-time.After(time.Duration(rand.IntN(1200)) * time.Millisecond)
			_, _, _ = g.pass(again, body)
		}()
	}
}

// delayUpTo waits for up to most milliseconds, or until the client has gone away.
func delayUpTo(r *http.Request, most int) {
	select {
	case <-time.After(time.Duration(rand.IntN(most)) * time.Millisecond):
	case <-r.Context().Done():
	}
}

// drop resets the connection, after half of the answer when there is one.
func drop(w http.ResponseWriter, answer []byte) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if answer != nil {
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer[:len(answer)/2])
	} else {
		_ = c.(*net.TCPConn).SetLinger(0)
	}
	_ = c.Close()
}

// pass delivers a request, also when its sender has gone away.
func (g *faultProxy) pass(r *http.Request, body []byte) (int, []byte, error) {
	out, err := http.NewRequest(r.Method, g.base()+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	out.Header = r.Header.Clone()
	res, err := g.http.Do(out)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}
