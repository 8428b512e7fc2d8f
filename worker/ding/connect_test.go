//go:build unix

package ding

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"initiator/worker"
)

// TestHeartbeatBeforeConnectAnswerIsAccepted: a slave may send a heartbeat
// before it answers /connect. The original refuses that heartbeat, and its own
// slave then sends no more.
func TestHeartbeatBeforeConnectAnswerIsAccepted(t *testing.T) {
	m := start(t, MasterOptions{})
	s := newRawSlave(t)
	said := make(chan string, 1)
	s.answers.Store("POST /connect", func(w http.ResponseWriter) {
		said <- s.send("GET", "/slave/heartbeat", "{}")
		_, _ = io.WriteString(w, `{"success": true, "code": 0, "message": "ok", "data": null}`)
	})
	connect(t, m, "a", s.URL)
	if got := await(t, said, "the heartbeat"); got != success("Received!") {
		t.Error(got)
	}
}

// TestConnectToWorkerWithOwnToken connects to a worker as an initiator
// launches it.
func TestConnectToWorkerWithOwnToken(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	listening, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- worker.Run(ctx, worker.Options{
			Handlers: []worker.Handler{worker.HandleRaw("sum", add)}, Args: []string{}, Port: -1,
			Getenv: func(string) string { return "" }, Connect: "token", Token: "own",
			Listening: func(a net.Addr) { listening <- a },
		})
	}()
	defer func() { stop(); <-ended }()
	m := start(t, MasterOptions{})
	c := dial(t, m, "a", await(t, listening, "the worker").String())
	var refusal *RefusedError
	if err := c.Connect(within(t)); !errors.As(err, &refusal) || refusal.Code != 401 {
		t.Error(err)
	}
	c.SetBearer("own")
	if err := c.Connect(within(t)); err != nil {
		t.Fatal(err)
	}
	task := c.NewTask(map[string]int{"a": 1}).Start(within(t))
	if _, err := task.Join(within(t)); err == nil || err.Error() != `the task failed: {"message":"ab not found"}` {
		t.Error(err)
	}
	if err := c.Disconnect(within(t)); err != nil {
		t.Error(err)
	}
}

func TestHTTPS(t *testing.T) {
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"success": true, "code": 0, "message": "ok", "data": null}`)
	}))
	defer web.Close()
	m := start(t, MasterOptions{HTTP: web.Client()})
	host, port, _ := net.SplitHostPort(strings.TrimPrefix(web.URL, "https://"))
	var n int
	_, _ = fmt.Sscan(port, &n)
	c, err := m.NewConnection("a", host, n, true)
	if err == nil {
		err = c.Connect(within(t))
	}
	if err != nil || !m.HasConnection("a") {
		t.Error(err)
	}
}

// TestEndOfMasterEndsTasksAndConnects in progress.
func TestEndOfMasterEndsTasksAndConnects(t *testing.T) {
	m := NewMaster(MasterOptions{Port: -1})
	if err := m.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s, slow := newRawSlave(t), newRawSlave(t)
	task := connect(t, m, "a", s.URL).NewTask(nil).Start(within(t))
	asked, release := make(chan struct{}), make(chan struct{})
	slow.answers.Store("POST /connect", func(w http.ResponseWriter) {
		close(asked)
		<-release
		_, _ = io.WriteString(w, `{"success": true, "code": 0, "message": "ok", "data": null}`)
	})
	connecting := make(chan error, 1)
	late := dial(t, m, "b", slow.URL)
	go func() { connecting <- late.Connect(context.Background()) }()
	await(t, asked, "the second connection")
	if err := m.Shutdown(within(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := task.Join(within(t)); !errors.Is(err, ErrDisconnected) {
		t.Error(err)
	}
	close(release)
	if err := await(t, connecting, "Connect"); !errors.Is(err, ErrDisconnected) || late.IsConnected() {
		t.Error(err)
	}
	if err := m.Join(within(t)); err != nil {
		t.Error(err)
	}
}
