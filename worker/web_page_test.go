//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"initiator/internal/loopback/loopbacktest"
	"initiator/internal/stream"
)

// TestWebPagesAreRefused: every path refuses an Origin, and the paths that ask
// for no token refuse a Host beyond loopback.
func TestWebPagesAreRefused(t *testing.T) {
	t.Parallel()
	open := launch(t, Options{Handlers: directHandlers(), Direct: "open", Connect: "open"})
	token := launch(t, Options{Handlers: directHandlers(), Connect: "token"})
	const call = `{"method":"account.balance","parameters":1}`
	own := []string{"Channel: 0", "Token: own-token"}
	for _, l := range []loopbacktest.Listener{
		{Addr: open.addr, Method: "POST", Path: "/", Body: call, ChecksHost: true},
		{Addr: open.addr, Method: "POST", Path: "/connect", Header: own, Body: `{}`, ChecksHost: true},
		{Addr: open.addr, Method: "GET", Path: "/ping", Header: []string{"Nonce: n"}, ChecksHost: true},
		{Addr: token.addr, Method: "POST", Path: "/", Header: []string{bearer}, Body: call},
		{Addr: token.addr, Method: "POST", Path: "/connect", Header: append(own, bearer), Body: `{}`},
		{Addr: token.addr, Method: "GET", Path: "/ping", Header: own},
		{Addr: token.addr, Method: "GET", Path: "/nowhere", Header: own},
	} {
		l.Check(t)
	}
	for path, want := range map[string]string{
		"/":        `403 {"error":{"code":1004,"value":"This port answers masters`,
		"/connect": `403 {"success":false,"code":708,"message":"This port answers masters`,
	} {
		if got := exchange(t, open.addr, "POST", path, []string{"Origin: null"}, call); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", path, got)
		}
	}
}

// TestBrowserCannotCallChirpPort: a browser can send a POST to the port. The
// text of its header takes the place of a handshake and of a message's head,
// whose length is then beyond every limit, wherever the head begins.
func TestBrowserCannotCallChirpPort(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	p := launchAllTransports(t, Options{BodyLimit: 1 << 40, Handlers: []Handler{
		HandleRaw("default", func(_ context.Context, data json.RawMessage) (json.RawMessage, error) {
			calls.Add(1)
			return data, nil
		}),
	}})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	body := bytes.Repeat([]byte{0}, 1<<10) // heads of empty messages
	for n := range 64 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+p.chirpAt.String()+"/"+strings.Repeat("!", n), bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "http://evil.example")
		if answer, err := client.Do(r); err == nil {
			answer.Body.Close()
			t.Errorf("a path of %d bytes was answered: %s", n, answer.Status)
		}
	}
	if n := calls.Load(); n > 0 {
		t.Errorf("the handler ran %d times", n)
	}
	if _, answer := p.chirp(stream.WorkerHeader{Method: "default"}, "1"); answer != "1" {
		t.Errorf("a node is answered with %q", answer)
	}
}
