package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// peer serves one handler over loopback and returns a client for it.
func peer(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c := &Client{Base: s.URL, HTTP: NewHTTPClient(1)}
	t.Cleanup(c.HTTP.CloseIdleConnections)
	return c
}

func TestDoSendsHeadersAndTheBodyAsItIs(t *testing.T) {
	var got string
	c := peer(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header["Channel"], r.Header["Token"], r.Header["Authorization"], " ", string(body))
		Success.WriteAnswer(w, "m", json.RawMessage(`{ "a": 1 }`))
	})
	c.Channel, c.Bearer = 7, "own"
	e, status, err := c.Do(t.Context(), "GET", "/slave/heartbeat", "session", json.RawMessage(`{ "x" : 1.0 }`))
	if err != nil {
		t.Fatal(err)
	}
	if want := `GET /slave/heartbeat [7] [session] [Bearer own] { "x" : 1.0 }`; got != want {
		t.Errorf("sent %s\nwant %s", got, want)
	}
	if status != 200 || !e.Success || e.Message != "m" || string(e.Data) != `{ "a": 1 }` {
		t.Errorf("got %d %+v", status, e)
	}
}

func TestDoWithoutTokenSendsNone(t *testing.T) {
	c := peer(t, func(w http.ResponseWriter, r *http.Request) {
		if len(r.Header["Token"])+len(r.Header["Authorization"]) > 0 || r.ContentLength != 0 {
			t.Errorf("header %v, length %d", r.Header, r.ContentLength)
		}
		Success.WriteAnswer(w, "", nil)
	})
	e, _, err := c.Do(t.Context(), "GET", "/ping", "", nil)
	if err != nil || e.Data != nil {
		t.Errorf("%+v %v", e, err)
	}
}

func TestDoTellsRefusalsFromStrangers(t *testing.T) {
	answer := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	tests := []struct {
		name   string
		peer   http.HandlerFunc
		code   int
		strang string // part of EnvelopeError.Problem
	}{
		{"a refusal is no error", func(w http.ResponseWriter, _ *http.Request) { WrongToken.WriteAnswer(w, "", nil) }, 302, ""},
		{"success false with 200", answer(200, `{"success":false,"code":601,"message":"","data":null}`), 601, ""},
		{"a page", answer(500, `<html>Internal Server Error</html>`), 0, "it begins"},
		{"an object of another kind", answer(200, `{"status":"up"}`), 0, "no code"},
		{"nothing", answer(200, ``), 0, "unexpected end"},
		{"half an answer", answer(200, `{"success":true,"co`), 0, "unexpected end"},
		{"null", answer(200, `null`), 0, "no code"},
		{"too long", answer(200, strings.Repeat("x", 5000)), 0, "longer than 4096"},
		{"a redirect is not followed", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				t.Error("the client followed a redirect")
			}
			http.Redirect(w, r, "/other", http.StatusFound)
		}, 0, "it begins"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := peer(t, tt.peer)
			c.Limit = 4096
			e, status, err := c.Do(t.Context(), "GET", "/", "", nil)
			var not *EnvelopeError
			if errors.As(err, &not) != (tt.strang != "") || tt.strang == "" && err != nil {
				t.Fatalf("error %v", err)
			}
			if not != nil && (not.Status != status || !strings.Contains(not.Problem, tt.strang)) {
				t.Errorf("status %d, %+v", status, not)
			}
			if e.Code != tt.code {
				t.Errorf("code %d, want %d", e.Code, tt.code)
			}
		})
	}
}

// TestDoNeverRepeats: a peer that takes the request and closes the connection
// must be asked once, because it may have done what was asked.
func TestDoNeverRepeats(t *testing.T) {
	asked := make(chan struct{}, 10)
	c := peer(t, func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		conn, _, _ := http.NewResponseController(w).Hijack()
		_ = conn.Close()
	})
	_, status, err := c.Do(t.Context(), "POST", "/task/new", "s", TaskBody{})
	if err == nil || status != 0 {
		t.Errorf("status %d, error %v", status, err)
	}
	if len(asked) != 1 {
		t.Errorf("asked %d times", len(asked))
	}
	if text := err.Error(); strings.Count(text, "http://") != 1 {
		t.Errorf("the URL is not named once: %s", text)
	}
}

func TestDoEndsWithItsTimeoutAndItsContext(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts into its backlog, never answers
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	c := &Client{Base: "http://" + silent.Addr().String(), HTTP: NewHTTPClient(1), Timeout: time.Millisecond}
	if _, _, err := c.Do(t.Context(), "GET", "/ping", "", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("timeout: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Do(ctx, "GET", "/ping", "", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestDoAsksNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	c := peer(t, func(w http.ResponseWriter, _ *http.Request) { Success.WriteAnswer(w, "", nil) })
	if c.HTTP.Transport.(*http.Transport).Proxy != nil {
		t.Error("the transport has a proxy")
	}
	if _, _, err := c.Do(t.Context(), "GET", "/", "", nil); err != nil {
		t.Error(err)
	}
}

func TestDoWithABodyThatCannotBeMarshalled(t *testing.T) {
	c := &Client{Base: "http://127.0.0.1:1"}
	if _, _, err := c.Do(t.Context(), "GET", "/", "", func() {}); err == nil {
		t.Error("no error")
	}
}

// TestABodyThatIsTooLargeIsToldSo, each time, and not by a reset connection.
func TestABodyThatIsTooLargeIsToldSo(t *testing.T) {
	c := peer(t, func(w http.ResponseWriter, r *http.Request) {
		_, code := ReadBody(w, r, 1<<20)
		code.WriteAnswer(w, "", nil)
	})
	huge := json.RawMessage(`"` + strings.Repeat("x", 100<<20) + `"`)
	e, status, err := c.Do(t.Context(), "POST", "/task/new", "s", huge)
	if err != nil || status != 413 || !BodyTooLarge.Matches(e) {
		t.Errorf("%d %+v %v", status, e, err)
	}
}
