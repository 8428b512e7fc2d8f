package dispatch

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"
	"time"

	"initiator/initiator/task"
	"initiator/internal/stream"
	"initiator/worker"
)

// waitForStream waits until a worker has a stream.
func (h *testDispatcher) waitForStream(guid string) (l *workerStream) {
	h.t.Helper()
	for ok := false; !ok && h.ctx.Err() == nil; {
		h.runInLoop(func() { l, ok = h.d.workers[workerID{guid, 1}].transport.(*workerStream) })
	}
	return l
}

// TestTasksGoByTheInheritedStream uses a real process, whose own port gets no
// request except /connect.
func TestTasksGoByTheInheritedStream(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	h.attachConnected(startStreamWorker(t, "w", 4))
	l := h.waitForStream("w")
	for range 20 {
		got := h.mustEnd(task.Request{Pool: "p", Data: rawJSON(`{"n":1}`)}, task.Completed)
		if string(got.Result) != `{"n":1}` || got.Attempt != 1 {
			t.Errorf("%s %+v", got.Result, got.History)
		}
	}
	if now := h.waitForStream("w"); now != l {
		t.Error("the stream was opened anew")
	}
	h.runInLoop(func() {
		for _, p := range h.d.workers {
			p.session.lastHeartbeat.Store(&heartbeat{legacy: true})
		}
	})
	h.waitInLoop("a heartbeat over the stream", func() bool { return !h.d.workers[workerID{"w", 1}].session.lastHeartbeat.Load().legacy })
}

// waitInLoop polls the loop's state until ok returns true.
func (h *testDispatcher) waitInLoop(what string, ok func() bool) {
	h.t.Helper()
	for yes := false; !yes; {
		if h.ctx.Err() != nil {
			h.t.Fatalf("waited in vain for %s", what)
		}
		h.runInLoop(func() { yes = ok() })
	}
}

// TestLargePayloadsGoByWebhook checks both directions while the stream is open.
func TestLargePayloadsGoByWebhook(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	large := rawJSON(`"` + string(bytes.Repeat([]byte("x"), stream.MaxPayload)) + `"`)
	grow := worker.HandleRaw("grow", func(context.Context, json.RawMessage) (json.RawMessage, error) { return large, nil })
	h.attachWorker("p", "w", 1, echo, grow)
	l := h.waitForStream("w")
	for _, r := range []task.Request{{Pool: "p.echo", Data: large}, {Pool: "p.grow"}} {
		if got := h.mustEnd(r, task.Completed); !bytes.Equal(got.Result, large) {
			t.Errorf("%s: %d bytes came back", r.Pool, len(got.Result))
		}
	}
	if h.waitForStream("w") != l {
		t.Error("the stream did not last")
	}
}

// TestACancelDoesNotWaitForAHeartbeat sends a heartbeat once a minute only.
func TestACancelDoesNotWaitForAHeartbeat(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{g.handler("g")}, HeartbeatSpan: time.Minute})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1, Span: time.Minute})
	h.waitForStream("w")
	one := h.mustSubmit(task.Request{Pool: "p"})
	g.next(t)
	if _, err := h.d.Cancel(h.ctx, one.ID, "not wanted"); err != nil {
		t.Fatal(err)
	}
	if got := h.mustWait(one.ID); got.State != task.Cancelled {
		t.Errorf("%s: %s", got.State, got.Reason)
	}
}

// TestRefusalsByStream checks that a refusal by stream has the effect of one by
// webhook.
func TestRefusalsByStream(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	no := true
	url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{echo}, Hooks: worker.Hooks{BeforeTask: func(context.Context, worker.Task) error {
		if no {
			no = false
			return worker.TaskRefuse{Data: map[string]string{"why": "not now"}, RetryAfter: 10 * time.Millisecond}
		}
		return nil
	}}})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1})
	h.waitForStream("w")
	got := h.mustEnd(task.Request{Pool: "p", Data: rawJSON(`1`)}, task.Completed)
	if len(got.History) != 2 || got.History[0].Outcome != task.OutcomeRefused || got.Attempt != 1 {
		t.Errorf("%+v", got.History)
	}
}

// TestAStreamThatBreaksLosesNothing checks that the tasks of a broken stream
// run once and complete, and that another stream is opened.
func TestAStreamThatBreaksLosesNothing(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	g := newGate(h)
	h.attachWorker("p", "w", 8, g.handler("g"))
	l := h.waitForStream("w")
	var tasks []task.Task
	for range 8 {
		tasks = append(tasks, h.mustSubmit(task.Request{Pool: "p"}))
		g.next(t)
	}
	l.chirp.Close()
	h.waitInLoop("the end of the stream", func() bool { return h.d.workers[l.conn.workerID].transport != l })
	g.let()
	for _, one := range tasks {
		if got := h.mustWait(one.ID); got.State != task.Completed || len(got.History) != 1 {
			t.Errorf("%s: %s, %+v", got.State, got.Reason, got.History)
		}
	}
	if len(g.began) != 0 {
		t.Errorf("%d were run twice", len(g.began))
	}
	if h.waitForStream("w") == l {
		t.Error("it is the old stream")
	}
	h.mustEnd(task.Request{Pool: "p"}, task.Completed)
}

// TestStreamsAreCutWhileTasksGoOverThem checks that no task is lost or charged.
func TestStreamsAreCutWhileTasksGoOverThem(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, Pool{Name: "p", Policy: task.Policy{Attempts: 1}})
	h.attachWorker("p", "w", 16, echo)
	ended := make(chan task.Task, 2000)
	for range 20 {
		go func() {
			for range cap(ended) / 20 {
				got, err := h.d.Call(h.ctx, task.Request{Pool: "p", Data: rawJSON(`1`)})
				if err != nil {
					t.Error(err)
				}
				ended <- got
			}
		}()
	}
	for n := range cap(ended) {
		if got := <-ended; got.State != task.Completed || string(got.Result) != "1" {
			t.Errorf("%s: %s, %+v", got.State, got.Reason, got.History)
		}
		if n%400 == 200 {
			h.waitForStream("w").chirp.Close()
		}
	}
}

// TestCallEndsWithItsContext also checks that the task goes on.
func TestCallEndsWithItsContext(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	g := newGate(h)
	h.attachWorker("p", "w", 1, g.handler("g"))
	ctx, cancel := context.WithCancel(h.ctx)
	go func() {
		g.next(t)
		cancel()
	}()
	got, err := h.d.Call(ctx, task.Request{Pool: "p"})
	if err != context.Canceled || got.State != task.Running {
		t.Fatalf("%v, %s", err, got.State)
	}
	h.runInLoop(func() {
		if len(h.d.waiters) != 0 {
			t.Error("it is still waited for")
		}
	})
	g.let()
	if got := h.mustWait(got.ID); got.State != task.Completed {
		t.Error(got.State)
	}
	if _, err := h.d.Call(h.ctx, task.Request{Pool: "none"}); err == nil {
		t.Error("a pool that is none")
	}
	h.stop()
	if _, err := h.d.Call(h.ctx, task.Request{Pool: "p"}); err != ErrClosed {
		t.Error(err)
	}
}

// TestProgressDoesNotWaitForAHeartbeat sends a heartbeat once a minute only.
func TestProgressDoesNotWaitForAHeartbeat(t *testing.T) {
	t.Parallel()
	h := newTestDispatcher(t, newPool("p"))
	let := make(chan struct{})
	says := worker.HandleRaw("says", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		worker.Progress(ctx, 42)
		<-let
		return nil, nil
	})
	url, _ := h.startWorkerProcess(worker.Options{Handlers: []worker.Handler{says}, HeartbeatSpan: time.Minute})
	h.attachConnected(Attachment{GUID: "w", Incarnation: 1, Pool: "p", URL: url, Slots: 1, Span: time.Minute})
	h.waitForStream("w")
	one := h.mustSubmit(task.Request{Pool: "p"})
	h.waitUntil(one.ID, "says how far it is", func(t task.Task) bool { return string(t.Progress) == "42" })
	close(let)
	if got := h.mustWait(one.ID); got.State != task.Completed {
		t.Error(got.State)
	}
}
