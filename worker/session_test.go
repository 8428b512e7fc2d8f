//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"

	"initiator/internal/webhook"
)

func TestHooksGetDataAndRefuse(t *testing.T) {
	t.Parallel()
	var open atomic.Bool
	judge := func(err error) func(context.Context, json.RawMessage) error {
		return func(_ context.Context, data json.RawMessage) error {
			if string(data) != `{"k":1}` {
				t.Errorf("data %s", data)
			}
			if open.Load() {
				return nil
			}
			return err
		}
	}
	m := newMaster(t)
	p := launch(t, Options{Hooks: Hooks{
		BeforeConnect:    judge(ConnectionRefuse{Data: map[string]int{"code": 7}}),
		BeforeDisconnect: judge(&DisconnectionRefuse{}),
	}})
	connect := webhook.ConnectBody{Master: webhook.Master{Address: m.URL + "/"}, Data: json.RawMessage(`{"k":1}`)}
	disconnect := webhook.DisconnectBody{Data: json.RawMessage(`{"k":1}`)}

	if e := p.mustCall(webhook.ConnectionRefused, "POST", "/connect", m.session, connect); string(e.Data) != `{"code":7}` {
		t.Errorf("data %s", e.Data)
	}
	open.Store(true)
	p.mustCall(codeOK, "POST", "/connect", m.session, connect)
	open.Store(false)
	if e := p.mustCall(webhook.DisconnectionRefused, "DELETE", "/disconnect", m.session, disconnect); string(e.Data) != `{}` {
		t.Errorf("data %s", e.Data)
	}
	p.give(m, "1", "sum", `{"a":1,"b":1}`) // the worker is still connected
	m.wantResult(t, `1 complete {"sum":2}`)
	open.Store(true)
	p.mustCall(codeOK, "DELETE", "/disconnect", m.session, disconnect)
}

func TestHeartbeatsListTasksAndObeyAnswers(t *testing.T) {
	t.Parallel()
	steps := make(chan struct{})
	h := HandleRaw("steps", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
		for {
			select {
			case <-steps:
				Progress(ctx, map[string]bool{"moved": true})
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	})
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{h}, Slots: 2})
	p.connect(m)
	m.waitHeartbeat(t, "of an idle worker", func(b webhook.HeartbeatBody) bool {
		return b.Incarnation == 1 && b.Running != nil && len(b.Running) == 0
	})
	p.give(m, "1", "", `{}`)
	m.waitHeartbeat(t, "with the task", func(b webhook.HeartbeatBody) bool {
		return len(b.Running) == 1 && b.Running[0].ID == "1" && b.Running[0].Attempt == 1 && b.Running[0].Seq == 1 && b.Running[0].Progress == nil
	})
	m.waitHeartbeat(t, "of a task that does not move", func(b webhook.HeartbeatBody) bool { return b.Running[0].Seq == 1 })
	steps <- struct{}{}
	m.waitHeartbeat(t, "with progress", func(b webhook.HeartbeatBody) bool {
		return b.Running[0].Seq == 2 && string(b.Running[0].Progress) == `{"moved":true}`
	})
	m.answerWith(cancellingMaster(m, "1"))
	m.wantResult(t, `1 fail {"message":"cancelled by the initiator"}`)
}

func TestHeartbeatAnswerQuietAndStop(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	beats := make(chan struct{}, 1000)
	var answer atomic.Pointer[webhook.HeartbeatAnswer]
	answer.Store(&webhook.HeartbeatAnswer{Quiet: true})
	m.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		webhook.Success.WriteAnswer(w, "", answer.Load())
		beats <- struct{}{}
	})
	await(t, beats, "a heartbeat")
	await(t, beats, "another, after whose start the first was obeyed")
	e := p.mustCall(webhook.TaskRefused, "POST", "/task/new", m.session, taskBody("1", "sum", `{}`))
	if string(e.Data) != `{"message":"the master asked for quiet","retry_after":0.2}` {
		t.Errorf("data %s", e.Data)
	}
	answer.Store(&webhook.HeartbeatAnswer{Stop: true})
	if err := p.waitEnded(); err != nil {
		t.Error(err)
	}
}

func TestHeartbeatAnswerOfUnknownKindIsAccepted(t *testing.T) {
	m := newMaster(t)
	p := launch(t, Options{HeartbeatTolerance: minHeartbeatSpan})
	p.connect(m)
	beats := make(chan struct{}, 1000)
	m.answerWith(func(w http.ResponseWriter, _ *http.Request) {
		webhook.Success.WriteAnswer(w, "", json.RawMessage(`["what?"]`))
		beats <- struct{}{}
	})
	for range 4 {
		await(t, beats, "a heartbeat")
	}
}

// TestShutdownDrains: every request is answered with 101, the running task
// ends and is reported, and then the worker ends without an error.
func TestShutdownDrains(t *testing.T) {
	t.Parallel()
	began, release := make(chan struct{}), make(chan struct{})
	h := HandleRaw("work", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		close(began)
		<-release
		return json.RawMessage(`"done"`), nil
	})
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{h}})
	p.connect(m)
	p.give(m, "1", "", `{}`)
	await(t, began, "the task")
	e := p.mustCall(codeOK, "DELETE", "/shutdown", p.token, nil)
	if e.Message != webhook.MessageShutdown {
		t.Errorf("message %q", e.Message)
	}
	for _, path := range []string{"/ping", "/task/new", "/connect", "/nowhere"} {
		p.mustCall(webhook.ShuttingDown, "GET", path, p.token, nil)
	}
	m.waitHeartbeat(t, "while draining", func(b webhook.HeartbeatBody) bool { return len(b.Running) == 1 })
	close(release)
	m.wantResult(t, `1 complete "done"`)
	if err := p.waitEnded(); err != nil {
		t.Error(err)
	}
}

func TestInline(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	m := newMaster(t)
	p := launch(t, Options{Slots: 2, Handlers: append(testHandlers(),
		HandleRaw("gate", func(context.Context, json.RawMessage) (json.RawMessage, error) { <-release; return nil, nil }),
		HandleRaw("again", func(context.Context, json.RawMessage) (json.RawMessage, error) {
			return nil, TaskFail{Data: map[string]int{"n": 1}, Retry: true}
		}))})
	p.connect(m)
	inline := func(id, method, data string, ms int) string {
		body := taskBody(id, method, data)
		body.Task.InlineMS = ms
		e := p.mustCall(codeOK, "POST", "/task/new", m.session, body)
		if e.Message != "Task received!" {
			t.Errorf("message %q", e.Message)
		}
		return string(e.Data)
	}
	if got := inline("1", "echo", `{ "a" : 1.0 }`, 60_000); got != `{"status":"completed","result":{ "a" : 1.0 }}` {
		t.Error(got)
	}
	if got := inline("2", "again", `{}`, 60_000); got != `{"status":"failed","result":{"n":1},"retry":true}` {
		t.Error(got)
	}
	if got := inline("3", "gate", `{}`, 1); got != "" {
		t.Error(got)
	}
	close(release)
	m.wantResult(t, "3 complete null") // there was no report of tasks 1 and 2
}
