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

// gremlin stands before one end of the webhooks, passes requests on to it, and
// treats some of them, or their answers, as a bad network does.
type gremlin struct {
	base    func() string                      // of whom it stands before
	rewrite func(path string, b []byte) []byte // a body on its way
	http    *http.Client
}

// A mood is what happens to one request.
type mood int

const (
	honest mood = iota
	slow        // delivered late
	tardy       // answered late
	double      // delivered twice, the second answer given
	echoes      // delivered again when it has been answered
	never       // not delivered, not answered
	mute        // delivered, not answered
	half        // delivered, half answered
	moods
)

// moodFor spares what only asks who is there; it spoils a heartbeat sometimes
// and what carries a task often.
func moodFor(path string) mood {
	chance := 0
	switch {
	case strings.Contains(path, "/task/"):
		chance = 40
	case strings.HasSuffix(path, "/heartbeat"), path == "/connect":
		chance = 10
	}
	if rand.IntN(100) >= chance {
		return honest
	}
	return 1 + rand.N(moods-1)
}

func (g *gremlin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stream" {
		http.NotFound(w, r) // it cannot read those
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if g.rewrite != nil {
		body = g.rewrite(r.URL.Path, body)
	}
	m := moodFor(r.URL.Path)
	switch m {
	case slow:
		while(r, 300)
	case never:
		drop(w, nil)
		return
	case double:
		_, _, _ = g.pass(r, body)
	}
	status, answer, err := g.pass(r, body)
	switch {
	case err != nil:
		panic(http.ErrAbortHandler)
	case m == tardy:
		while(r, 300)
	case m == mute:
		drop(w, nil)
		return
	case m == half:
		drop(w, answer)
		return
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
	if m == echoes {
		again := r.Clone(r.Context())
		go func() { // ends with its timer, or with the process
			<-time.After(time.Duration(rand.IntN(1200)) * time.Millisecond)
			_, _, _ = g.pass(again, body)
		}()
	}
}

// while waits for up to so many milliseconds, or until nobody wants an answer.
func while(r *http.Request, most int) {
	select {
	case <-time.After(time.Duration(rand.IntN(most)) * time.Millisecond):
	case <-r.Context().Done():
	}
}

// drop resets the connection, after half of the answer where there is one.
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

// pass delivers a request. That the sender has gone is no reason not to.
func (g *gremlin) pass(r *http.Request, body []byte) (int, []byte, error) {
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
