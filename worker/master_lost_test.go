//go:build unix

package worker

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"initiator/internal/webhook"
)

// lostGate is a handler that waits for the end of its context and then returns.
type lostGate struct {
	began chan struct{}
	cause chan error
}

func newLostGate() lostGate { return lostGate{make(chan struct{}, 1), make(chan error, 1)} }

// handlers returns the handler in three forms: it returns the error of its
// context, another error, and a result.
func (g lostGate) handlers() []Handler {
	wait := func(ctx context.Context) {
		g.began <- struct{}{}
		<-ctx.Done()
		g.cause <- context.Cause(ctx)
	}
	return append(testHandlers(),
		HandleRaw("ctx", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			wait(ctx)
			return nil, ctx.Err()
		}),
		HandleRaw("error", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			wait(ctx)
			return nil, errTest
		}),
		HandleRaw("result", func(ctx context.Context, _ json.RawMessage) (json.RawMessage, error) {
			wait(ctx)
			return json.RawMessage(`"late"`), nil
		}))
}

// lostGateTolerance is long enough for the master that answers on a busy
// machine.
const lostGateTolerance = 3 * time.Second

// TestLostMasterIsNoFailure: the tasks of a worker that has lost its master end
// with the cause ErrMasterLost, and what their handlers return goes to no
// master, whichever transport carried the task: not over the stream that is
// still open, not inline, and not to the session that the same master opens
// after that.
func TestLostMasterIsNoFailure(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"two requests", "inline", "stream, opened", "stream, inherited"} {
		for _, method := range []string{"ctx", "error", "result"} {
			t.Run(transport+", "+method, func(t *testing.T) {
				t.Parallel()
				loseMasterDuringTask(t, transport, method)
			})
		}
	}
}

func loseMasterDuringTask(t *testing.T, transport, method string) {
	gate, lost := newLostGate(), make(chan error, 1)
	m := newMaster(t)
	p := launchAllTransports(t, Options{
		Handlers: gate.handlers(), HeartbeatTolerance: lostGateTolerance,
		Hooks: Hooks{OnLost: func(reason error) { lost <- reason }},
	})
	p.connect(m)
	body := taskBody("1", method, `{}`)
	var answer <-chan received
	inline := make(chan string, 1)
	switch transport {
	case "inline":
		body.Task.InlineMS = int(patience.Milliseconds())
		go func() {
			e, _ := p.call("POST", "/task/new", m.session, body)
			inline <- string(e.Data)
		}()
	case "two requests":
		p.mustCall(codeOK, "POST", "/task/new", m.session, body)
	default:
		far := m.openStream
		if transport == "stream, inherited" {
			far = m.openPassedStream
		}
		_, answer = far(p).sendTask(body)
	}
	await(t, gate.began, "the task")
	m.answerWith(func(w http.ResponseWriter, _ *http.Request) { webhook.UnknownSlave.WriteAnswer(w, "", nil) })
	if cause := await(t, gate.cause, "the end of the context"); !errors.Is(cause, ErrMasterLost) {
		t.Errorf("cause %v", cause)
	}
	await(t, lost, "OnLost")
	if transport == "inline" {
		if data := await(t, inline, "the answer"); data != "" {
			t.Errorf("inline answer %s", data)
		}
	}
	m.answer.Store(nil)
	p.connect(m) // the same master, with the same token
	p.give(m, "2", "echo", `"next"`)
	m.wantResult(t, `2 complete "next"`)
	p.stop()
	if err := p.waitEnded(); err != nil {
		t.Error(err)
	}
	if m.far != nil {
		_ = m.far.waitEnded() // everything that the worker sent has arrived
	}
	select {
	case got := <-answer:
		t.Errorf("answer by stream: %+v", got)
	case got := <-m.results:
		t.Errorf("report: %s", got)
	default:
	}
}
