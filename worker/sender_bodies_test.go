//go:build unix

package worker

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"initiator/internal/bounds"
)

// Large bodies without a token wait for each other, and the requests that wait for
// too long are refused.
func TestBodiesWithoutTokenShareABudget(t *testing.T) {
	t.Parallel()
	p := launch(t, Options{Handlers: directHandlers(), Direct: "open", ReadTimeout: time.Second})
	const callers = 8
	answers := make(chan *http.Response, callers)
	for range callers {
		go func() { answers <- beginCall(t, p.addr, bounds.Body*3/4) }()
	}
	counts := map[int]int{}
	for range callers {
		answer := await(t, answers, "the answer to a caller")
		if counts[answer.StatusCode]++; answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "" {
			t.Error("a refused caller does not learn when to call again")
		}
	}
	if counts[http.StatusContinue] == 0 || counts[http.StatusServiceUnavailable] == 0 || counts[http.StatusContinue]+counts[http.StatusServiceUnavailable] != callers {
		t.Errorf("answers by status: %v; the bodies of some callers are received, and the others refused", counts)
	}
}

// beginCall announces a call, and returns the answer before its body is sent.
func beginCall(t *testing.T, addr string, length int) *http.Response {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Error(err)
		return &http.Response{}
	}
	t.Cleanup(func() { _ = c.Close() })
	_, _ = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", addr, length)
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Error(err)
		return &http.Response{}
	}
	return answer
}

// A program without a token cannot make the worker read a large body for /connect.
func TestConnectBodyIsShort(t *testing.T) {
	t.Parallel()
	p := launch(t, Options{Handlers: directHandlers(), Connect: "open"})
	header := []string{"Channel: 0", "Token: session"}
	if got := exchange(t, p.addr, "POST", "/connect", header, strings.Repeat(" ", bounds.ConnectRequest+1)); !strings.HasPrefix(got, "413 ") {
		t.Errorf("a long body: %s", got)
	}
	if got := exchange(t, p.addr, "POST", "/connect", header, strings.Repeat(" ", bounds.ConnectRequest)); !strings.HasPrefix(got, "400 ") {
		t.Errorf("a body at the limit is read: %s", got)
	}
}
