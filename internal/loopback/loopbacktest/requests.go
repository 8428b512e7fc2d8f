package loopbacktest

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// Listener is one path of a listener that is to be tested.
type Listener struct {
	// Addr is the host and port at which the test connects.
	Addr string
	// Method and Path are the request's. Header holds further lines, and Body
	// is sent with a Content-Length.
	Method, Path string
	Header       []string
	Body         string
	// ChecksHost says that the listener is on loopback and must refuse a Host
	// beyond it.
	ChecksHost bool
	// ChecksPort says that the listener must refuse a Host with another port.
	ChecksPort bool
	// OwnOrigin says that a page of the listener's own site is allowed.
	OwnOrigin bool
}

// request is one variant of a listener's request.
type request struct {
	name           string
	target         string // in the request line; "" = the path
	host           string // the header Host; "" = none, with HTTP/1.0
	origin         string // "" = none
	otherPort      bool   // Host has another port than the listener
	beyondLoopback bool   // Host, or the site in the request line, is not on loopback
	ownOrigin      bool   // Origin is the site at Host
}

// requests are the variants. The first is of a program, and so is every other
// without an Origin whose Host is on loopback.
func (l Listener) requests() []request {
	_, port, _ := net.SplitHostPort(l.Addr)
	return []request{
		{name: "a program", host: l.Addr},
		{name: "a program, by localhost", host: "localhost:" + port},
		{name: "a program, by IPv4", host: "127.0.0.1:" + port},
		{name: "a program, by IPv6", host: "[::1]:" + port},
		{name: "a program through a forwarded port", host: "localhost:1", otherPort: true},
		{name: "a foreign page", host: l.Addr, origin: "http://evil.example"},
		{name: "a page without a site", host: l.Addr, origin: "null"},
		{name: "an extension", host: l.Addr, origin: "moz-extension://a"},
		{name: "a page on another port", host: l.Addr, origin: "http://127.0.0.1:1"},
		{name: "a page of the same site", host: l.Addr, origin: "http://" + l.Addr, ownOrigin: true},
		{name: "DNS rebinding, GET", host: "evil.example:" + port, beyondLoopback: true},
		{name: "DNS rebinding, POST", host: "evil.example:" + port, origin: "http://evil.example:" + port, ownOrigin: true, beyondLoopback: true},
		{name: "a name that begins with localhost", host: "localhost.evil.example", beyondLoopback: true},
		{name: "a name that begins with an address", host: "127.0.0.1.evil.example", beyondLoopback: true},
		{name: "the address of another machine", host: "10.0.0.1:" + port, beyondLoopback: true},
		{name: "every address", host: "0.0.0.0:" + port, beyondLoopback: true},
		{name: "no Host", beyondLoopback: true},
	}
}

// absoluteRequests have a URL in the request line, as requests to a proxy have.
func (l Listener) absoluteRequests() []request {
	return []request{
		{name: "absolute, a foreign site", target: "http://evil.example" + l.Path, host: l.Addr, beyondLoopback: true},
		{name: "absolute, a foreign page", target: "http://" + l.Addr + l.Path, host: l.Addr, origin: "http://evil.example"},
	}
}

// isRefused reports whether the listener must refuse a request.
func (l Listener) isRefused(r request) bool {
	return r.origin != "" && !(r.ownOrigin && l.OwnOrigin) || r.beyondLoopback && l.ChecksHost || r.otherPort && l.ChecksPort
}

// Check sends every request over a connection of its own. It fails the test for
// each request that the listener should refuse and answers without 403, and for
// each that it should not refuse and answers with 403.
func (l Listener) Check(t *testing.T) {
	t.Helper()
	for _, r := range append(l.requests(), l.absoluteRequests()...) {
		status, err := l.send(r)
		absolute := r.target != "" && (status == http.StatusNotFound || status == http.StatusBadRequest) // a listener may not know this form
		switch refused := l.isRefused(r); {
		case err != nil:
			t.Errorf("%s %s, %s: %v", l.Method, l.Path, r.name, err)
		case refused && status != http.StatusForbidden && !absolute:
			t.Errorf("%s %s, %s: answered with %d, and must be refused with 403", l.Method, l.Path, r.name, status)
		case !refused && status == http.StatusForbidden:
			t.Errorf("%s %s, %s: refused", l.Method, l.Path, r.name)
		}
	}
}

// send returns the status of the answer to one request.
func (l Listener) send(r request) (int, error) {
	c, err := net.Dial("tcp", l.Addr)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if _, err := c.Write([]byte(l.text(r))); err != nil {
		return 0, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), &http.Request{Method: l.Method})
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

// text returns the bytes of a request.
func (l Listener) text(r request) string {
	target, version := r.target, "HTTP/1.1"
	if target == "" {
		target = l.Path
	}
	lines := append([]string{}, l.Header...)
	if r.host == "" {
		version = "HTTP/1.0"
	} else {
		lines = append(lines, "Host: "+r.host)
	}
	if r.origin != "" {
		lines = append(lines, "Origin: "+r.origin)
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(l.Body)), "Connection: close")
	return fmt.Sprintf("%s %s %s\r\n%s\r\n\r\n%s", l.Method, target, version, strings.Join(lines, "\r\n"), l.Body)
}
