package client_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
	"initiator/internal/lifecycle"
	"initiator/internal/supervise"
)

const ini = `
[worker:adder]
command   = ${initiator:self} job sum
queue_max = 2
`

func start(t *testing.T, options ...initiatortest.Option) (*client.Client, *initiatortest.Initiator) {
	t.Helper()
	in := initiatortest.StartText(t, ini, options...)
	c := client.Unix(in.Socket())
	t.Cleanup(c.Close)
	return c, in
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestATaskFromSubmitToItsResult(t *testing.T) {
	c, _ := start(t)
	ctx := t.Context()
	submitted := must[task.Task](t)(c.Submit(ctx, task.Request{Pool: "adder", Data: json.RawMessage(`{"a":2,"b":3}`)}))
	ended := must[task.Task](t)(c.Wait(ctx, submitted.ID))
	if ended.State != task.Completed || string(ended.Result) != `{"sum":5}` {
		t.Errorf("%s %s, want completed {\"sum\":5}", ended.State, ended.Result)
	}
	if got := must[task.Task](t)(c.Task(ctx, submitted.ID)); got.ID != submitted.ID || len(got.History) != 1 {
		t.Errorf("%+v", got)
	}
	listed := must[[]task.Task](t)(c.List(ctx, task.Filter{Pool: "adder", State: task.Completed, Limit: 1}))
	if len(listed) != 1 || listed[0].ID != submitted.ID {
		t.Errorf("%+v", listed)
	}
	if none := must[[]task.Task](t)(c.List(ctx, task.Filter{State: task.Dead})); len(none) != 0 {
		t.Errorf("%+v", none)
	}
}

func TestCancelAndRetry(t *testing.T) {
	c, _ := start(t)
	ctx := t.Context()
	later := task.Request{Pool: "adder", Data: json.RawMessage(`{"a":1,"b":1}`), Delay: task.Seconds(3600e9)}
	kept := must[task.Task](t)(c.Submit(ctx, later))
	if got := must[task.Task](t)(c.Cancel(ctx, kept.ID)); got.State != task.Cancelled {
		t.Errorf("%s, want cancelled", got.State)
	}
	if _, err := c.Cancel(ctx, kept.ID); !errors.Is(err, &client.Error{Status: 409}) {
		t.Errorf("cancel it again: %v, want 409", err)
	}
	must[task.Task](t)(c.Retry(ctx, kept.ID))
	if got := must[task.Task](t)(c.Wait(ctx, kept.ID)); got.State != task.Completed {
		t.Errorf("%s, want completed", got.State)
	}
}

func TestRefusalsAreErrorsWithAStatus(t *testing.T) {
	c, _ := start(t)
	ctx := t.Context()
	submit := func(r task.Request) error { _, err := c.Submit(ctx, r); return err }
	later := task.Request{Pool: "adder", Delay: task.Seconds(3600e9)}
	for range 2 {
		if err := submit(later); err != nil {
			t.Fatal(err)
		}
	}
	_, unknownTask := c.Task(ctx, uuid.New())
	_, unknownWorker := c.Stop(ctx, "addr")
	for name, x := range map[string]struct {
		err    error
		status int
		says   string
	}{
		"unknown pool":   {submit(task.Request{Pool: "addr"}), 404, `did you mean "adder"?`},
		"full queue":     {submit(later), 429, "queue_max = 2"},
		"wrong request":  {submit(task.Request{Pool: "adder", Attempts: -1}), 400, `"attempts" is -1`},
		"unknown task":   {unknownTask, 404, "no such task"},
		"unknown worker": {unknownWorker, 404, "did you mean adder?"},
	} {
		var e *client.Error
		if !errors.As(x.err, &e) || e.Status != x.status || !strings.Contains(e.Message, x.says) {
			t.Errorf("%s: %v, want status %d and %q", name, x.err, x.status, x.says)
		}
	}
}

func TestWorkers(t *testing.T) {
	c, in := start(t)
	ctx := t.Context()
	if s, err := c.Status(ctx); err != nil || s.URL != in.URL() || len(s.Workers) != 1 {
		t.Errorf("%+v, %v", s, err)
	}
	one := must[supervise.Worker](t)(c.Launch(ctx, "adder", "my-own"))
	if one.GUID != "my-own" || !one.Ready {
		t.Errorf("%+v", one)
	}
	if got := must[[]supervise.Result](t)(c.Stop(ctx, "my-own")); got[0].Worker.State != lifecycle.Stopped {
		t.Errorf("%+v", got)
	}
	if got := must[[]supervise.Result](t)(c.Start(ctx, "all")); len(got) != 2 {
		t.Errorf("%+v", got)
	}
	if got := must[[]supervise.Result](t)(c.Restart(ctx, "my-own")); got[0].Worker.Incarnation != 3 {
		t.Errorf("%+v", got)
	}
	if list := must[[]supervise.Worker](t)(c.Workers(ctx)); len(list) != 2 {
		t.Errorf("%+v", list)
	}
}

func TestEventsEndAtTheNewestOrGoOn(t *testing.T) {
	c, _ := start(t)
	ctx := t.Context()
	var past []supervise.Transition
	keep := func(x supervise.Transition) error { past = append(past, x); return nil }
	if err := c.Events(ctx, 0, false, keep); err != nil || len(past) < 2 || past[0].Seq != 1 {
		t.Fatalf("%+v, %v", past, err)
	}
	newest := past[len(past)-1].Seq
	if past = nil; c.Events(ctx, newest, false, keep) != nil || len(past) != 0 {
		t.Errorf("after the newest: %+v", past)
	}
	must[supervise.Worker](t)(c.Launch(ctx, "adder", ""))
	enough := errors.New("enough")
	err := c.Events(ctx, newest, true, func(x supervise.Transition) error {
		if x.Seq <= newest {
			t.Errorf("event %d was seen already", x.Seq)
		}
		return enough
	})
	if !errors.Is(err, enough) {
		t.Errorf("%v, want what the function returned", err)
	}
}

func TestEventsFromNowOnLeaveOutThePast(t *testing.T) {
	c, in := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { // the stream begins at some moment in these restarts
		for ctx.Err() == nil {
			_, _ = c.Restart(ctx, "all")
		}
		close(done)
	}()
	first := in.Workers()[0]
	enough := errors.New("enough")
	err := c.Events(ctx, client.FromNow, true, func(x supervise.Transition) error {
		if x.Incarnation <= first.Incarnation && x.To == lifecycle.Starting {
			t.Errorf("%+v is past", x)
		}
		return enough
	})
	cancel()
	<-done
	if !errors.Is(err, enough) {
		t.Error(err)
	}
}

func TestLogs(t *testing.T) {
	c, in := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	followed := must[io.ReadCloser](t)(c.Logs(ctx, client.LogQuery{Stream: "stderr", Follow: true}, "adder"))
	defer followed.Close()
	lines := bufio.NewScanner(followed)
	until := func(text string) {
		for lines.Scan() {
			if strings.Contains(lines.Text(), text) {
				return
			}
		}
		t.Errorf("the log ended without %s", text)
	}
	until(`"@message":"connected"`) // the log is written a little later than the worker is ready
	from := must[io.ReadCloser](t)(c.Logs(ctx, client.LogQuery{Stream: "stderr", Tail: 1}, in.Workers()[0].GUID))
	defer from.Close()
	if data, err := io.ReadAll(from); err != nil || strings.Count(string(data), "\n") != 1 {
		t.Errorf("%q, %v; want one line", data, err)
	}
	restarted := make(chan struct{})
	go func() {
		defer close(restarted)
		_, _ = c.Restart(ctx, "adder") // its end is seen in the log
	}()
	until(`"incarnation":2`)
	<-restarted
}

// A unix address holds 107 bytes; a path does not end there.
func TestASocketAtTheEndOfALongPath(t *testing.T) {
	state := filepath.Join(t.TempDir(), strings.Repeat("a", 60), strings.Repeat("b", 60))
	c, _ := start(t, initiatortest.StateDir(state))
	if _, err := c.Workers(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	for name, socket := range map[string]string{
		"no socket":               filepath.Join(t.TempDir(), "none.sock"),
		"no socket at a long way": filepath.Join(t.TempDir(), strings.Repeat("a", 120), "none.sock"),
		"a dead socket":           deadSocket(t),
	} {
		c := client.Unix(socket)
		_, err := c.Workers(t.Context())
		var gone *client.UnreachableError
		if !errors.As(err, &gone) || gone.Socket != socket {
			t.Errorf("%s: %v, want *Unreachable", name, err)
		}
		if missing := errors.Is(err, fs.ErrNotExist); missing != strings.HasPrefix(name, "no socket") {
			t.Errorf("%s: the reason is %v", name, gone.Err)
		}
		c.Close()
	}
}

func deadSocket(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "dead.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	return path
}

// A peer that is no initiator, or one that dies in mid-answer, is an error
// that says so, and never a result.
func TestStrangeAnswers(t *testing.T) {
	for name, x := range map[string]struct{ answer, says string }{
		"another program":  {"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnothing", "not in the envelope"},
		"no JSON":          {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "invalid character"},
		"half an answer":   {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "has broken off"},
		"nothing at all":   {"", "has broken off"},
		"not HTTP":         {"SSH-2.0-OpenSSH\r\n", "malformed HTTP"},
		"empty refusal":    {"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "500 Oops"},
		"envelope of ours": {"HTTP/1.1 503 X\r\nContent-Length: 62\r\n\r\n" + `{"success":false,"code":711,"message":"not now","data":null}  `, "not now"},
	} {
		c := client.Unix(answering(t, x.answer))
		if _, err := c.Workers(t.Context()); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v, want %q", name, err, x.says)
		}
		c.Close()
	}
}

// answering serves one canned answer to every request.
func answering(t *testing.T, answer string) string {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = bufio.NewReader(conn).ReadString('\n')
			_, _ = io.WriteString(conn, answer)
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return path
}

func TestTheCallersOwnContextIsTheReason(t *testing.T) {
	c, _ := start(t)
	later := must[task.Task](t)(c.Submit(t.Context(), task.Request{Pool: "adder", Delay: task.Seconds(3600e9)}))
	reason := errors.New("the reason")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(reason)
	if _, err := c.Wait(ctx, later.ID); !errors.Is(err, reason) {
		t.Errorf("%v, want the reason", err)
	}
}
