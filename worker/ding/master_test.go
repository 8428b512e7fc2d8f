//go:build unix

package ding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestConnectionsByName(t *testing.T) {
	m := start(t, MasterOptions{})
	s := startSlave(t, SlaveOptions{ProcessTask: add})
	c := dial(t, m, "a", s.Address())
	if m.HasConnection("a") || c.IsConnected() || c.Name() != "a" {
		t.Error("it is there before Connect")
	}
	if _, err := c.NewTask(nil).Start(within(t)).Join(within(t)); err == nil || !strings.Contains(err.Error(), "a is not connected") {
		t.Error(err)
	}
	if err := c.Connect(within(t)); err != nil {
		t.Fatal(err)
	}
	if got, ok := m.LookupConnection("a"); !ok || got != c || !m.HasConnection("a") {
		t.Error("it is not there after Connect")
	}
	if err := c.Connect(within(t)); err == nil {
		t.Error("connected twice")
	}
	if _, err := m.NewConnection("a", "127.0.0.1", 1, true); err == nil {
		t.Error("a second connection has the same name")
	}
	if err := m.DeleteConnection(within(t), "a"); err != nil || m.HasConnection("a") {
		t.Error(err)
	}
	for _, err := range []error{m.DeleteConnection(within(t), "a"), c.Disconnect(within(t))} {
		if err == nil {
			t.Error("disconnected twice")
		}
	}
}

func TestStartPingShutdownJoin(t *testing.T) {
	m := NewMaster(MasterOptions{Port: -1})
	if m.Ping(within(t)) || m.MyAddress() != "" || m.Shutdown(within(t)) == nil {
		t.Error("it runs before Start")
	}
	c := dial(t, m, "a", "127.0.0.1:1")
	if err := c.Connect(within(t)); err == nil || !strings.Contains(err.Error(), "call Start first") {
		t.Error(err)
	}
	if err := m.Start(within(t)); err != nil || !m.Ping(within(t)) || m.Start(within(t)) == nil {
		t.Error(err)
	}
	s := NewSlave(SlaveOptions{ProcessTask: add, Port: -1})
	if s.Ping(within(t)) || s.Shutdown(within(t)) == nil {
		t.Error("the slave runs before Start")
	}
	if err := s.Start(); err != nil || !s.Ping(within(t)) {
		t.Error(err)
	}
	c = connect(t, m, "a", s.Address())
	task := c.NewTask(nil)
	if _, err := task.Join(within(t)); !errors.Is(err, ErrNotStarted) || task.Status() != Idle {
		t.Error(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Join(cancelled); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if err := m.Shutdown(within(t)); err != nil {
		t.Error(err)
	}
	if err := m.Join(within(t)); err != nil || m.Ping(within(t)) || c.IsConnected() {
		t.Error(err, "or it still runs")
	}
	if err := s.Shutdown(within(t)); err != nil {
		t.Error(err)
	}
	if err := s.Join(within(t)); err != nil || s.Ping(within(t)) {
		t.Error(err, "or it still runs")
	}
}

func TestInvalidStarts(t *testing.T) {
	taken := start(t, MasterOptions{})
	_, port, _ := strings.Cut(strings.TrimPrefix(taken.MyAddress(), "http://"), ":")
	var n int
	_, _ = fmt.Sscan(port, &n)
	for _, o := range []MasterOptions{
		{Host: "0.0.0.0", MyAddress: "http://x"}, {Host: "0.0.0.0", Insecure: true}, {Port: n},
	} {
		if err := NewMaster(o).Start(t.Context()); err == nil {
			t.Errorf("%+v started", o)
		}
	}
	for _, o := range []SlaveOptions{{Host: "0.0.0.0"}, {Port: n}} {
		s := NewSlave(o)
		if err := s.Start(); err == nil || s.Join(within(t)) == nil {
			t.Errorf("%+v started", o)
		}
	}
}

// TestHooks: each hook is called at its point, and a panic in a hook is an
// error of that hook.
func TestHooks(t *testing.T) {
	var said []string
	note := func(what string) func(*Connection, Response) {
		return func(c *Connection, r Response) { said = append(said, fmt.Sprint(what, c.Name(), r.Status, r.Message)) }
	}
	fails := func(what string) func(*Connection, error) error {
		return func(_ *Connection, err error) error {
			var refusal *RefusedError
			errors.As(err, &refusal)
			said = append(said, fmt.Sprint(what, refusal.Code, string(refusal.Data)))
			return errTest
		}
	}
	var cancel bool
	m := start(t, MasterOptions{Hooks: Hooks{
		BeforeConnect: func(*Connection) (any, error) {
			if cancel {
				panic("boom")
			}
			return map[string]int{"k": 1}, nil
		},
		AfterConnect: note("connected "), ErrorConnect: fails("connect "),
		BeforeDisconnect: func(*Connection) (any, error) { return map[string]int{"d": 1}, nil },
		AfterDisconnect:  note("disconnected "), ErrorDisconnect: fails("disconnect "),
		BeforeNewTask: func(_ *Connection, data json.RawMessage) (any, error) {
			if string(data) == "0" {
				return nil, errTest
			}
			return []json.RawMessage{data}, nil
		},
		AfterNewTask: note("task "), ErrorNewTask: fails("task "),
	}})
	refuse := true
	data := ""
	s := startSlave(t, SlaveOptions{
		ProcessTask: func(_ context.Context, d json.RawMessage) (json.RawMessage, error) { return d, nil },
		BeforeConnection: func(d json.RawMessage) error {
			if data = string(d); refuse {
				return ConnectionRefuse{Data: "c"}
			}
			return nil
		},
		BeforeTask: func(json.RawMessage) error {
			if refuse {
				return TaskRefuse{Data: "t"}
			}
			return nil
		},
		BeforeDisconnection: func(json.RawMessage) error {
			if refuse {
				return DisconnectionRefuse{Data: "d"}
			}
			return nil
		},
	})
	c := dial(t, m, "a", s.Address())
	wantErr := func(err error, want string) {
		t.Helper()
		if fmt.Sprint(err) != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	wantErr(c.Connect(within(t)), errTest.Error())
	cancel = true
	wantErr(c.Connect(within(t)), "connect a: panic in a hook or callback: boom")
	cancel, refuse = false, false
	wantErr(c.Connect(within(t)), "<nil>")
	_, err := c.NewTask(0).Start(within(t)).Join(within(t))
	wantErr(err, "start a task on a: a test's error")
	refuse = true
	_, err = c.NewTask(1).Start(within(t)).Join(within(t))
	wantErr(err, "start a task on a: a test's error")
	wantErr(c.Disconnect(within(t)), errTest.Error())
	refuse = false
	result, err := c.NewTask(1).Start(within(t)).Join(within(t))
	if string(result) != "[1]" || err != nil {
		t.Error(string(result), err)
	}
	wantErr(c.Disconnect(within(t)), "<nil>")
	want := `connect 503"c"|connected a200Connect success.|task 602"t"|disconnect 504"d"|task a200Task received!|disconnected a200Disconnect success.`
	if got := strings.Join(said, "|"); got != want || data != `{"k":1}` {
		t.Errorf("%s\n%s", got, data)
	}
}

func TestOnlyUndeliveredRequestsAreRepeated(t *testing.T) {
	m := start(t, MasterOptions{RequestRetries: 2})
	var calls int
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if calls++; calls < 3 {
			panic(http.ErrAbortHandler)
		}
		_, _ = fmt.Fprint(w, `{"success": true, "code": 0, "message": "", "data": null}`)
	}))
	defer broken.Close()
	connect(t, m, "a", broken.URL)
	stranger := httptest.NewServer(http.NotFoundHandler())
	defer stranger.Close()
	err := dial(t, m, "b", stranger.URL).Connect(within(t))
	if calls != 3 || err == nil || !strings.Contains(err.Error(), "not a webhook envelope") {
		t.Error(calls, err)
	}
}

func TestInvalidTaskData(t *testing.T) {
	m := start(t, MasterOptions{})
	c := connect(t, m, "a", newRawSlave(t).URL)
	task := c.NewTask(make(chan int)).Start(within(t)).Start(within(t))
	if _, err := task.Join(within(t)); err == nil || !strings.Contains(err.Error(), "unsupported type") || string(task.Data()) != "" {
		t.Error(err)
	}
}
