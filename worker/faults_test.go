//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"initiator/internal/webhook"
)

var codeOK = webhook.Success

func proofOf(p *program, nonce string) string { return webhook.Proof(p.token, nonce, "a1b2", 1) }

// The faults of the original, with the numbers of docs/worker-contract.md,
// section 2.

// Fault 1: a task that panics, or ends in another unexpected way, is reported
// as failed, with the error.
func TestFault1EveryEndOfHandlerIsReported(t *testing.T) {
	t.Parallel()
	do := func(name string, f func() (json.RawMessage, error)) Handler {
		return HandleRaw(name, func(context.Context, json.RawMessage) (json.RawMessage, error) { return f() })
	}
	cyclic := map[string]any{}
	cyclic["self"] = make(chan int)
	tests := []struct {
		handler Handler
		data    string
		want    string
	}{
		{do("panic", func() (json.RawMessage, error) { panic("boom") }), `{}`, `{"message":"panic: boom"}`},
		{do("nilmap", func() (json.RawMessage, error) { none()["a"] = 1; return nil, nil }), `{}`, `{"message":"panic: assignment to entry in nil map"}`},
		{do("nilpanic", func() (json.RawMessage, error) { panic(nil) }), `{}`, `{"message":"panic: panic called with nil argument"}`},
		{do("goexit", func() (json.RawMessage, error) { runtime.Goexit(); return nil, nil }), `{}`, `{"message":"the handler ended its goroutine without returning"}`},
		{do("error", func() (json.RawMessage, error) { return nil, errTest }), `{}`, `{"message":"a test's error"}`},
		{do("nojson", func() (json.RawMessage, error) { return json.RawMessage("{"), nil }), `{}`, `{"message":"the result of nojson is not JSON"}`},
		{do("fail", func() (json.RawMessage, error) { return nil, TaskFail{Data: map[string]int{"n": 1}} }), `{}`, `{"n":1}`},
		{do("failptr", func() (json.RawMessage, error) { return nil, &TaskFail{Data: "x"} }), `{}`, `"x"`},
		{do("failnil", func() (json.RawMessage, error) { return nil, TaskFail{} }), `{}`, `{}`},
		{do("failbad", func() (json.RawMessage, error) { return nil, TaskFail{Data: cyclic} }), `{}`, `{"message":"task failed; the data of the failure cannot be encoded as JSON: json: unsupported type: chan int"}`},
		{Handle("typed", func(_ context.Context, in addition) (int, error) { return 0, nil }), `"text"`, `{"message":"the data does not fit typed: an object is expected, not a text"}`},
		{Handle("outbad", func(_ context.Context, in addition) (any, error) { return cyclic, nil }), `{}`, `{"message":"the result of outbad cannot be encoded as JSON: json: unsupported type: chan int"}`},
	}
	var handlers []Handler
	for _, tt := range tests {
		handlers = append(handlers, tt.handler)
	}
	m := newMaster(t)
	p := launch(t, Options{Handlers: handlers})
	p.connect(m)
	for _, tt := range tests {
		name := tt.handler.Name()
		p.give(m, name, name, tt.data)
		m.wantResult(t, name+" fail "+tt.want)
	}
	p.give(m, "none", "none", `{}`)
	if got := await(t, m.results, "a result").String(); !strings.HasPrefix(got, `none fail {"message":"no method \"none\"; this worker has error, fail,`) {
		t.Error(got)
	}
}

// Fault 2: a refused heartbeat does not end the heartbeats.
func TestFault2HeartbeatsGoOnAfterRefusals(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	refused := make(chan struct{})
	m.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		webhook.UnknownSlave.WriteAnswer(w, "", nil)
		m.answer.Store(nil)
		close(refused)
	})
	await(t, refused, "a refused heartbeat")
	m.waitHeartbeat(t, "after the refusal", func(webhook.HeartbeatBody) bool { return true })
	p.mustCall(webhook.AlreadyConnected, "POST", "/connect", "x", webhook.ConnectBody{Master: webhook.Master{Address: m.URL}})
}

// Fault 3: disconnecting during a task leaves a worker that works, even when
// the handler ignores its context.
func TestFault3DisconnectDuringTask(t *testing.T) {
	t.Parallel()
	for _, heedless := range []bool{false, true} {
		began, cancelled := make(chan struct{}, 2), make(chan error, 2)
		release := make(chan struct{})
		var handlers sync.WaitGroup
		h := HandleRaw("wait", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			handlers.Add(1)
			defer handlers.Done()
			began <- struct{}{}
			<-ctx.Done()
			cancelled <- context.Cause(ctx)
			if heedless {
				<-release
			}
			return json.RawMessage(`"late"`), nil
		})
		m := newMaster(t)
		p := launch(t, Options{Handlers: []Handler{h}})
		p.connect(m)
		p.give(m, "1", "", `{}`)
		await(t, began, "the task")
		p.mustCall(codeOK, "DELETE", "/disconnect", m.session, webhook.DisconnectBody{})
		if err := await(t, cancelled, "the cancellation"); err != errDisconnected {
			t.Errorf("cause %v", err)
		}
		m2 := newMaster(t)
		p.connect(m2)
		p.give(m2, "1", "", `{}`) // the same attempt runs again
		await(t, began, "the second task")
		close(release)
		p.mustCall(codeOK, "DELETE", "/disconnect", m2.session, webhook.DisconnectBody{})
		handlers.Wait()
		if len(m.results)+len(m2.results) > 0 {
			t.Error("the result of a cancelled task was reported")
		}
	}
}

// Fault 3: losing the master has the same effect.
func TestFault3LosingTheMaster(t *testing.T) {
	lost := make(chan error, 1)
	m := newMaster(t)
	p := launch(t, Options{
		HeartbeatTolerance: minHeartbeatSpan,
		Hooks:              Hooks{OnLost: func(reason error) { lost <- reason; panic("in the hook") }},
	})
	p.connect(m)
	p.give(m, "1", "wait", `{}`)
	m.Close()
	if err := await(t, lost, "OnLost"); !strings.Contains(err.Error(), "no heartbeat was accepted for 200ms") {
		t.Error(err)
	}
	m2 := newMaster(t)
	p.connect(m2)
	p.give(m2, "2", "sum", `{"a":2,"b":3}`)
	m2.wantResult(t, `2 complete {"sum":5}`)
}

// Fault 3 with keep: the task goes on, and the next master gets its result.
func TestFault3KeptTasksGoOn(t *testing.T) {
	lost, release := make(chan error, 1), make(chan struct{})
	h := HandleRaw("work", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		<-release
		return json.RawMessage(`"done"`), ctx.Err()
	})
	m := newMaster(t)
	p := launch(t, Options{
		Handlers: []Handler{h}, Keep: true, HeartbeatTolerance: minHeartbeatSpan,
		Hooks: Hooks{OnLost: func(reason error) { lost <- reason }},
	})
	p.connect(m)
	p.give(m, "1", "", `{}`)
	m.Close()
	await(t, lost, "OnLost")
	close(release)
	m2 := newMaster(t)
	p.connect(m2)
	m2.wantResult(t, `1 complete "done"`)
}

// Fault 4 in the worker: a panic in a hook loses no result.
func TestFault4PanicInHookIsARefusal(t *testing.T) {
	t.Parallel()
	var hooks atomic.Bool
	hooks.Store(true)
	boom := func() error {
		if hooks.Load() {
			panic("boom")
		}
		return nil
	}
	m := newMaster(t)
	p := launch(t, Options{Hooks: Hooks{
		BeforeConnect:    func(context.Context, json.RawMessage) error { return boom() },
		BeforeTask:       func(context.Context, Task) error { return boom() },
		BeforeDisconnect: func(context.Context, json.RawMessage) error { return boom() },
	}})
	e := p.mustCall(webhook.ConnectionRefused, "POST", "/connect", m.session, webhook.ConnectBody{Master: webhook.Master{Address: m.URL}})
	if string(e.Data) != `{"message":"panic in BeforeConnect: boom"}` {
		t.Errorf("data %s", e.Data)
	}
	hooks.Store(false)
	p.connect(m)
	hooks.Store(true)
	p.mustCall(webhook.TaskRefused, "POST", "/task/new", m.session, taskBody("1", "sum", `{}`))
	p.mustCall(webhook.DisconnectionRefused, "DELETE", "/disconnect", m.session, webhook.DisconnectBody{})
	hooks.Store(false)
	p.give(m, "1", "sum", `{"a":1,"b":1}`)
	m.wantResult(t, `1 complete {"sum":2}`)
}

// Fault 5: a refused task leaves the table and can be given again.
func TestFault5RefusedTaskLeavesTheTable(t *testing.T) {
	var refuse atomic.Bool
	refuse.Store(true)
	m := newMaster(t)
	p := launch(t, Options{Hooks: Hooks{BeforeTask: func(_ context.Context, task Task) error {
		if refuse.Load() {
			return TaskRefuse{Data: map[string]string{"why": task.ID}, RetryAfter: 1500 * time.Millisecond}
		}
		return nil
	}}})
	p.connect(m)
	for range 3 { // a refusal holds no slot
		e := p.mustCall(webhook.TaskRefused, "POST", "/task/new", m.session, taskBody("1", "sum", `{}`))
		if string(e.Data) != `{"retry_after":1.5,"why":"1"}` {
			t.Errorf("data %s", e.Data)
		}
	}
	refuse.Store(false)
	p.give(m, "held", "wait", `{}`)
	p.mustCall(webhook.SlaveBusy, "POST", "/task/new", m.session, taskBody("1", "sum", `{}`))
	m.answerWith(cancellingMaster(m, "held"))
	m.wantResult(t, `held fail {"message":"cancelled by the initiator"}`)
	p.give(m, "1", "sum", `{"a":1,"b":1}`)
	m.wantResult(t, `1 complete {"sum":2}`)
}

// cancellingMaster is a master whose answers to heartbeats cancel a task.
func cancellingMaster(m *master, id string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slave/heartbeat" {
			webhook.Success.WriteAnswer(w, "", webhook.HeartbeatAnswer{Cancel: []string{id}})
			return
		}
		body, code := webhook.ReadBody(w, r, 1<<20)
		if code.OK() {
			m.record(r.Method+" "+r.URL.Path, r.Header.Get("Token"), body)
		}
		webhook.Success.WriteAnswer(w, "", nil)
	}
}

// none is a map that cannot be written to.
func none() map[string]int { return nil }
