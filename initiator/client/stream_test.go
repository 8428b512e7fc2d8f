//go:build unix

package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/task"
)

const streamINI = `
[worker:adder]
command = ${initiator:self} job sum
slots   = 16

[worker:echo]
command = ${initiator:self} job echo
slots   = 16

[worker:sleeper]
command        = ${initiator:self} job sleep
slots          = 64
heartbeat_span = 200ms

[worker:closed]
command   = ${initiator:self} job sum
autostart = false
queue_max = 2
`

// pendingTask is a task of a pool whose worker is not started.
var pendingTask = task.Request{Pool: "closed"}

func sumRequest(a, b int) task.Request {
	return task.Request{Pool: "adder", Data: fmt.Appendf(nil, `{"a":%d,"b":%d}`, a, b)}
}

func sleepRequest(ms int) task.Request {
	return task.Request{Pool: "sleeper", Data: fmt.Appendf(nil, `{"ms":%d}`, ms)}
}

// longTask ends only when it is cancelled.
var longTask = sleepRequest(3600_000)

// TestStreamRequests makes each kind of request on a stream.
func TestStreamRequests(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	_, s := openStreamThroughProxy(t, in.Initiator().Socket())
	ctx := t.Context()
	got := require[client.Reply](t)(s.Call(ctx, sumRequest(2, 3)))
	if got.State != task.Completed || string(got.Result) != `{"sum":5}` || got.Attempt != 1 || got.Known || got.Reason != "" {
		t.Errorf("call: %+v", got)
	}
	again := sumRequest(2, 3)
	again.ID = got.ID
	if again := require[client.Reply](t)(s.Call(ctx, again)); !again.Known || string(again.Result) != `{"sum":5}` {
		t.Errorf("call it again: %+v", again)
	}
	keyed := sumRequest(4, 5)
	keyed.Key, keyed.Attempts = "a key", 7
	kept := require[client.Reply](t)(s.Call(ctx, keyed))
	if kept.ID == uuid.Nil || kept.Known {
		t.Errorf("the first call by key: %+v", kept)
	}
	if got := require[client.Reply](t)(s.Call(ctx, keyed)); got.ID != kept.ID || !got.Known || string(got.Result) != `{"sum":9}` {
		t.Errorf("call by key: %+v, want the task %s", got, kept.ID)
	}
	if got := require[task.Task](t)(in.Client().Task(ctx, kept.ID)); got.Policy.Attempts != 7 {
		t.Errorf("the options have not arrived: %+v", got.Policy)
	}
	failed := require[client.Reply](t)(s.Call(ctx, task.Request{Pool: "adder", Data: json.RawMessage(`"no numbers"`)}))
	if failed.State != task.Failed || failed.Reason == "" || !strings.Contains(string(failed.Result), "does not fit") {
		t.Errorf("a failure: %+v", failed)
	}
}

// TestCancelNeverOvertakesASubmit cancels tasks right after their submit.
func TestCancelNeverOvertakesASubmit(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	_, s := openStreamThroughProxy(t, in.Initiator().Socket())
	ctx := t.Context()
	for range 10 {
		f := s.Go(ctx, longTask)
		if _, err := s.Cancel(ctx, f.TaskID()); err != nil {
			t.Fatal(err)
		}
		if got := require[client.Reply](t)(f.Wait(ctx)); got.State != task.Cancelled {
			t.Errorf("%+v", got)
		}
	}
	if _, err := s.Cancel(ctx, uuid.New()); !errors.Is(err, &client.Error{Status: 404}) {
		t.Errorf("a task that does not exist: %v", err)
	}
}

// TestRefusalsAreEqualOnStreamAndHTTP compares whole errors.
func TestRefusalsAreEqualOnStreamAndHTTP(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	_, s := openStreamThroughProxy(t, in.Initiator().Socket())
	c := client.New(in.Initiator().Socket())
	t.Cleanup(c.Close)
	ctx := t.Context()
	for range 2 {
		require[task.Task](t)(c.Submit(ctx, task.Request{Pool: "closed"}))
	}
	for name, r := range map[string]task.Request{
		"unknown pool": {Pool: "addr"}, "no pool": {}, "full queue": {Pool: "closed"}, "wrong request": {Pool: "adder", Attempts: -1},
		"no JSON": {Pool: "adder.x", Priority: new(int), Key: strings.Repeat("k", 300)}, "child of no task": {Pool: "adder", Parent: uuid.New()},
	} {
		var want, got *client.Error
		_, plain := c.Submit(ctx, r)
		if !errors.As(plain, &want) {
			t.Fatalf("%s: HTTP takes it: %v", name, plain)
		}
		if _, err := s.Call(ctx, r); !errors.As(err, &got) || *got != *want {
			t.Errorf("%s: %+v, want %+v", name, err, *want)
		}
	}
	var bad *client.Error
	if _, err := s.Call(ctx, task.Request{Pool: "adder", Data: json.RawMessage(`{`)}); !errors.As(err, &bad) || bad.Status != 400 || !strings.Contains(bad.Message, "not JSON") {
		t.Errorf("data that is no JSON: %v", err)
	}
}

// TestManyAtOnceShareOneConnection counts the connections of 500 calls.
func TestManyAtOnceShareOneConnection(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	p, s := openStreamThroughProxy(t, in.Initiator().Socket())
	var all sync.WaitGroup
	for n := range 500 {
		all.Go(func() {
			got, err := s.Call(t.Context(), sumRequest(n, 1))
			if want := fmt.Sprintf(`{"sum":%d}`, n+1); err != nil || string(got.Result) != want {
				t.Errorf("%s %v, want %s", got.Result, err, want)
			}
		})
	}
	all.Wait()
	if n := p.connCount(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestAWithdrawnCallLeavesItsTask ends the context of a call: the call returns the
// cause, and the task goes on.
func TestAWithdrawnCallLeavesItsTask(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	_, s := openStreamThroughProxy(t, in.Initiator().Socket())
	why := errors.New("no patience")
	ctx, cancel := context.WithCancelCause(t.Context())
	r := longTask
	r.ID = uuid.New()
	withdrawn := make(chan error)
	go func() {
		end, err := s.Call(ctx, r)
		if end.ID != r.ID {
			t.Errorf("%+v", end)
		}
		withdrawn <- err
	}()
	for started := s.Go(t.Context(), r); ; { // the same task, by another request
		kept, err := in.Client().Task(t.Context(), started.TaskID())
		if err == nil && kept.State == task.Running {
			break
		}
		runtime.Gosched()
	}
	cancel(why)
	if err := <-withdrawn; !errors.Is(err, why) {
		t.Error(err)
	}
	if got := require[client.Reply](t)(s.Call(t.Context(), sumRequest(1, 1))); got.State != task.Completed {
		t.Errorf("the next: %+v", got)
	}
	if got := require[client.Reply](t)(s.Cancel(t.Context(), r.ID)); got.State.Terminal() && got.State != task.Cancelled {
		t.Errorf("the task did not go on: %+v", got)
	}
}

// TestLargeDataTravelsOverHTTP checks large data of a request and of a result.
func TestLargeDataTravelsOverHTTP(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	large := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	c := client.New(in.Initiator().Socket())
	t.Cleanup(c.Close)
	for n, data := range []json.RawMessage{large, json.RawMessage(`"small"`)} {
		got := require[task.Task](t)(c.Call(t.Context(), task.Request{Pool: "echo", Data: data}))
		if got.State != task.Completed || string(got.Result) != string(data) {
			t.Errorf("data %d: %s, %d bytes", n, got.State, len(got.Result))
		}
	}
}

// TestCloseEndsRequestsAndLeavesTasks checks open and later requests.
func TestCloseEndsRequestsAndLeavesTasks(t *testing.T) {
	in := initiatortest.StartText(t, streamINI)
	_, s := openStreamThroughProxy(t, in.Initiator().Socket())
	f := s.Go(t.Context(), pendingTask)
	require[client.Reply](t)(s.Call(t.Context(), sumRequest(1, 1))) // the initiator has read the request before it
	s.Close()
	if _, err := f.Wait(t.Context()); !errors.Is(err, client.ErrClosed) {
		t.Errorf("under way: %v", err)
	}
	if _, err := s.Call(t.Context(), sumRequest(1, 1)); !errors.Is(err, client.ErrClosed) {
		t.Errorf("after the end: %v", err)
	}
	s.Close()
	if got := require[task.Task](t)(in.Client().Task(t.Context(), f.TaskID())); got.State.Terminal() {
		t.Errorf("%s: %s", got.State, got.Reason)
	}
}
