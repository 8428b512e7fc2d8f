//go:build unix

package client_test

import (
	"bufio"
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
)

// Each refusal has a status, advice, and the sentinel for which errors.Is holds.
func TestRefusalsHaveAStatusAndAdvice(t *testing.T) {
	c, _ := startAdder(t)
	ctx := t.Context()
	submit := func(r task.Request) error { _, err := c.Submit(ctx, r); return err }
	later := task.Request{Pool: "adder", Delay: task.Seconds(3600e9)}
	cancelled := require[task.Task](t)(c.Submit(ctx, later))
	require[task.Task](t)(c.Cancel(ctx, cancelled.ID))
	_, conflict := c.Cancel(ctx, cancelled.ID)
	for range 2 {
		if err := submit(later); err != nil {
			t.Fatal(err)
		}
	}
	_, unknownTask := c.Task(ctx, uuid.New())
	_, unknownWorker := c.Stop(ctx, "addr")
	_, unknownCall := c.Call(ctx, task.Request{Pool: "addr"})
	for name, x := range map[string]struct {
		err    error
		status int
		says   string
		is     error
	}{
		"unknown pool":         {submit(task.Request{Pool: "addr"}), 404, `did you mean "adder"?`, task.ErrUnknownPool},
		"unknown pool, stream": {unknownCall, 404, `did you mean "adder"?`, task.ErrUnknownPool},
		"full queue":           {submit(later), 429, "queue_max = 2", task.ErrQueueFull},
		"wrong request":        {submit(task.Request{Pool: "adder", Attempts: -1}), 400, `"attempts" is -1`, task.ErrInvalid},
		"unknown task":         {unknownTask, 404, "no such task", task.ErrNotFound},
		"unknown worker":       {unknownWorker, 404, `did you mean "adder"?`, client.ErrUnknownWorker},
		"cancelled already":    {conflict, 409, "cancelled", task.ErrConflict},
	} {
		var e *client.Error
		if !errors.As(x.err, &e) || e.Status != x.status || !strings.Contains(e.Message, x.says) {
			t.Errorf("%s: %v, want status %d and %q", name, x.err, x.status, x.says)
		}
		for _, sentinel := range sentinels {
			if errors.Is(x.err, sentinel) != (sentinel == x.is) {
				t.Errorf("%s: errors.Is %q is %v", name, sentinel, sentinel != x.is)
			}
		}
	}
}

var sentinels = []error{
	task.ErrInvalid, task.ErrNotFound, task.ErrUnknownPool, task.ErrQueueFull, task.ErrConflict, task.ErrForbidden, task.ErrStorage,
	client.ErrUnknownWorker, client.ErrUnreachable, client.ErrClosed,
}

// A path may be longer than the 107 bytes of a unix address.
func TestASocketWithALongPathIsReached(t *testing.T) {
	state := filepath.Join(t.TempDir(), strings.Repeat("a", 60), strings.Repeat("b", 60))
	c, _ := startAdder(t, initiatortest.StateDir(state))
	if _, err := c.Workers(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAnUnreachableSocketIsNamed(t *testing.T) {
	for name, socket := range map[string]string{
		"no socket":                filepath.Join(t.TempDir(), "none.sock"),
		"no socket at a long path": filepath.Join(t.TempDir(), strings.Repeat("a", 120), "none.sock"),
		"a dead socket":            makeDeadSocket(t),
	} {
		c := client.New(socket)
		_, err := c.Workers(t.Context())
		var gone *client.UnreachableError
		if !errors.As(err, &gone) || gone.Socket != socket || !errors.Is(err, client.ErrUnreachable) {
			t.Errorf("%s: %v, want *Unreachable", name, err)
		}
		if missing := errors.Is(err, fs.ErrNotExist); missing != strings.HasPrefix(name, "no socket") {
			t.Errorf("%s: the reason is %v", name, gone.Err)
		}
		c.Close()
	}
}

func makeDeadSocket(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "dead.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	return path
}

// Another program behind the socket, or an answer that breaks off, is an error and
// never a result.
func TestInvalidAnswersAreErrors(t *testing.T) {
	for name, x := range map[string]struct{ answer, says string }{
		"another program": {"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nnothing", "not in the envelope"},
		"no JSON":         {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "invalid character"},
		"half an answer":  {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "has broken off"},
		"nothing at all":  {"", "has broken off"},
		"not HTTP":        {"SSH-2.0-OpenSSH\r\n", "malformed HTTP"},
		"empty refusal":   {"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", "500 Oops"},
		"an envelope":     {"HTTP/1.1 503 X\r\nContent-Length: 62\r\n\r\n" + `{"success":false,"code":711,"message":"not now","data":null}  `, "not now"},
	} {
		c := client.New(serveCannedAnswer(t, x.answer))
		if _, err := c.Workers(t.Context()); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("%s: %v, want %q", name, err, x.says)
		}
		c.Close()
	}
}

// serveCannedAnswer gives the same answer to every request.
func serveCannedAnswer(t *testing.T, answer string) string {
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
