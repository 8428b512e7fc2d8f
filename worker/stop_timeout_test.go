//go:build unix

package worker

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// TestRunEndsAlthoughHandlersIgnoreTheirContext: StopTimeout bounds Run for
// every transport. What the handlers return later goes nowhere.
func TestRunEndsAlthoughHandlersIgnoreTheirContext(t *testing.T) {
	t.Parallel()
	for _, d := range transports() {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			began, release := make(chan struct{}, 1), make(chan struct{})
			m := newMaster(t)
			p := launchAllTransports(t, Options{Handlers: stopHandlers(began, release), StopTimeout: 100 * time.Millisecond})
			p.connect(m)
			called := make(chan struct{})
			go func() {
				defer close(called)
				p.abandonedCall(m, d.name)
			}()
			await(t, began, "the task")
			p.stop()
			err := await(t, p.result, "the end of Run")
			p.result <- nil
			if err == nil || !strings.Contains(err.Error(), "1 tasks still ran") {
				t.Errorf("Run: %v", err)
			}
			close(release)
			await(t, called, "the end of the call")
			if len(m.results) > 0 {
				t.Errorf("reported: %s", <-m.results)
			}
		})
	}
}

// abandonedCall makes a call that gets no result.
func (p *program) abandonedCall(m *master, transport string) {
	body := transportTask("ignores", `{}`)
	switch transport {
	case "two requests", "inline":
		if transport == "inline" {
			body.Task.InlineMS = int(patience.Milliseconds())
		}
		c := &webhook.Client{Base: "http://" + p.addr, HTTP: webhook.NewHTTPClient(1), Timeout: patience}
		defer c.HTTP.CloseIdleConnections()
		if e, _, err := c.Do(context.Background(), "POST", "/task/new", m.session, body); err == nil && e.Data != nil {
			p.t.Errorf("answer %s", e.Data)
		}
	case "stream, opened":
		m.openStream(p).sendTask(body)
	case "stream, inherited":
		m.openPassedStream(p).sendTask(body)
	case "direct":
		req, _ := http.NewRequest("POST", "http://"+p.addr+"/", strings.NewReader(`{"method":"ignores"}`))
		req.Header.Set("Authorization", "Bearer "+p.token)
		if res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req); err == nil {
			res.Body.Close()
			p.t.Errorf("status %d", res.StatusCode)
		}
	case "chirp":
		p.sendChirp(`{}`)
	}
}

// sendChirp sends one message for the handler "ignores", for whose answer it
// does not wait.
func (p *program) sendChirp(data string) {
	node, err := chirp.NewPeer(chirp.Config{Timeout: patience})
	if err != nil {
		p.t.Error(err)
		return
	}
	p.t.Cleanup(func() { _ = node.Shutdown(false) })
	h := stream.WorkerHeader{Method: "ignores"}
	f := node.Send(&chirp.PeerMessage{Message: chirp.Message{Header: h.Append(nil), Data: []byte(data)}, Address: p.chirpAt})
	if err := f.Wait(context.Background()); err != nil {
		p.t.Error(err)
	}
}

// TestProcessThatStops: SIGTERM tells the handlers of a process, ends their
// contexts, and the process exits with 0, or with 1 when a handler ignores its
// context.
func TestProcessThatStops(t *testing.T) {
	t.Parallel()
	tests := []struct {
		method string
		code   int
	}{
		{"wait", ExitOK},
		{"ignores", ExitError},
	}
	for _, tt := range tests {
		t.Run(tt.method, func(t *testing.T) {
			t.Parallel()
			m := newMaster(t)
			p := spawn(t, ini+"connect = open\ndrain = 0\nstopwaitsecs = 1\n", []string{asWorker + "=ignores"})
			p.waitListening()
			p.connect(m)
			p.give(m, "1", tt.method, `{}`)
			p.signal(syscall.SIGTERM)
			if code := p.waitExit(); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if tt.code != ExitOK {
				return
			}
			got := await(t, m.results, "the end of the task")
			if string(got.Result) != `{"message":"the worker is stopping"}` || got.Code != webhook.ShuttingDown.Number {
				t.Errorf("%+v %s", got.ResultBody, got.Result)
			}
		})
	}
}
