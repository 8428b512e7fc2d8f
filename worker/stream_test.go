//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"

	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor"
	"initiator/proactor/chirp"
)

// TestStreamNeedsSessionToken, and a request for an upgrade.
func TestStreamNeedsSessionToken(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{})
	if _, err := p.requestStream(m.session); !errors.Is(err, stream.ErrUnsupported) || !strings.Contains(err.Error(), "302") {
		t.Errorf("without a session: %v", err)
	}
	p.connect(m)
	if _, err := p.requestStream("another"); !errors.Is(err, stream.ErrUnsupported) {
		t.Errorf("another token: %v", err)
	}
	p.mustCall(webhook.BadBody, "GET", "/stream", m.session, nil)
	m.openStream(p)
}

// TestStreamNeedsTokenInHandshake: the handshake must prove the token too.
func TestStreamNeedsTokenInHandshake(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	nc, err := p.requestStream(m.session)
	if err != nil {
		t.Fatal(err)
	}
	c := chirp.NewConn(nc, chirp.ConnOptions{})
	if _, err := c.ExchangeHandshakes(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Serve(func(*chirp.Message) {}); err == nil {
		t.Error("it is served")
	}
}

// TestHeartbeatsUseStream, and the worker obeys their answers.
func TestHeartbeatsUseStream(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	f := m.openStream(p)
	f.sendTask(taskBody("1", "wait", `{}`))
	for {
		beat := await(t, f.others, "a heartbeat")
		if beat.Kind == stream.KindProgress && beat.data == `"waiting"` && beat.Seq == 2 {
			continue
		}
		if beat.Kind != stream.KindHeartbeat {
			t.Fatalf("%+v", beat)
		}
		var body webhook.HeartbeatBody
		if err := json.Unmarshal([]byte(beat.data), &body); err != nil || body.Incarnation != 1 {
			t.Fatalf("%s %v", beat.data, err)
		}
		if len(body.Running) == 1 && body.Running[0].Seq == 2 {
			break
		}
		f.send(beat.id, stream.WorkerHeader{Kind: stream.KindHeartbeatAnswer}, "")
	}
	f.send(chirp.ID{}, stream.WorkerHeader{Kind: stream.KindHeartbeatAnswer}, `{"stop":true,"cancel":["`+taskID("1")+`"]}`)
	if err := p.waitEnded(); err != nil {
		t.Error(err)
	}
}

// TestCancelByStream cancels one attempt, or every attempt.
func TestCancelByStream(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{Slots: 2})
	p.connect(m)
	f := m.openStream(p)
	id, answer := f.sendTask(taskBody("1", "wait", `{}`))
	f.send(id, stream.WorkerHeader{Kind: stream.KindCancel, Attempt: 7}, "")
	if got := f.runTask(taskBody("2", "echo", `1`)); got.data != "1" { // the worker has handled all earlier messages
		t.Errorf("%+v", got)
	}
	select {
	case got := <-answer:
		t.Fatalf("another attempt's cancel ended it: %+v", got)
	default:
	}
	f.send(id, stream.WorkerHeader{Kind: stream.KindCancel, Attempt: 1}, "")
	if got := await(t, answer, "the end"); got.data != `{"message":"cancelled by the initiator"}` {
		t.Errorf("%+v", got)
	}
}

// TestResultWithoutStreamGoesByWebhook, and so does a result that is too large
// for a stream.
func TestResultWithoutStreamGoesByWebhook(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	gate := HandleRaw("gate", func(context.Context, json.RawMessage) (json.RawMessage, error) { <-release; return nil, nil })
	large := HandleRaw("large", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return json.RawMessage(`"` + string(bytes.Repeat([]byte("x"), stream.MaxPayload)) + `"`), nil
	})
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{gate, large}})
	p.connect(m)
	m.openStream(p).sendTask(taskBody("1", "large", `{}`))
	if got := await(t, m.results, "the large result"); len(got.Result) <= stream.MaxPayload {
		t.Errorf("%d bytes", len(got.Result))
	}
	m.openStream(p).sendTask(taskBody("2", "gate", `{}`))
	m.far.conn.Close()
	m.far.waitEnded()
	// A message on a stream that is ending may be lost. The initiator
	// therefore sends the task again by webhook, as this test does.
	again := taskBody("2", "gate", `{}`)
	again.Task.ID = taskID("2")
	p.mustCall(codeOK, "POST", "/task/new", m.session, again)
	close(release)
	m.wantResult(t, taskID("2")+" complete null")
}

// TestNewStreamReplacesOldStream of the same session.
func TestNewStreamReplacesOldStream(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	old := m.openStream(p)
	old.runTask(taskBody("0", "echo", `0`)) // the stream is in use
	m.far = nil
	m.openStream(p)
	if err := old.waitEnded(); err == nil {
		t.Error("the old one was not hung up on")
	}
	if got := m.far.runTask(taskBody("1", "echo", `1`)); got.data != "1" {
		t.Errorf("%+v", got)
	}
	p.mustCall(codeOK, "DELETE", "/disconnect", m.session, webhook.DisconnectBody{})
	if err := m.far.waitEnded(); err == nil {
		t.Error("the stream outlives its session")
	}
}

// TestLateHandshakeDoesNotReplaceNewerStream: of two streams the one that was
// requested later stays, in whatever order the handshakes arrive.
func TestLateHandshakeDoesNotReplaceNewerStream(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	slow, err := p.requestStream(m.session)
	if err != nil {
		t.Fatal(err)
	}
	later := m.openStream(p)
	later.runTask(taskBody("0", "echo", `0`)) // the stream is in use
	if err := openFarEnd(t, slow, m.session).waitEnded(); err == nil {
		t.Error("the earlier one was not hung up on")
	}
	if got := later.runTask(taskBody("1", "echo", `1`)); got.data != "1" {
		t.Errorf("%+v", got)
	}
}

// TestGarbageEndsOnlyItsStream and leaves the session alone.
func TestGarbageEndsOnlyItsStream(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	f := m.openStream(p)
	_ = f.conn.Send(chirp.Message{Header: []byte("garbage")})
	if err := f.waitEnded(); err == nil {
		t.Error("it goes on")
	}
	p.give(m, "1", "echo", `1`)
	m.wantResult(t, "1 complete 1")
}

// spawnWithStream starts a worker process with a passed stream, connected to
// m.
func spawnWithStream(t *testing.T, m *master, stdin string) (*process, *farEnd) {
	t.Helper()
	ours, theirs := socketPair(t)
	defer ours.Close()
	p := spawn(t, stdin, []string{strings.Replace(announceFDs(t, theirs), "=3:", "=4:", 1)}, nil, theirs)
	theirs.Close()
	p.waitListening()
	c := &webhook.Client{Base: "http://" + p.addr, Bearer: p.token, HTTP: webhook.NewHTTPClient(1)}
	defer c.HTTP.CloseIdleConnections()
	if e, _, err := c.Do(t.Context(), "POST", "/connect", m.session, webhook.ConnectBody{Master: webhook.Master{Address: m.URL}}); err != nil || !e.Success {
		t.Fatalf("%+v %v", e, err)
	}
	nc, err := net.FileConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	return p, openFarEnd(t, nc, p.token)
}

// TestEndOfPassedStreamIsEndOfInitiator: the tasks are cancelled at once, long
// before missing heartbeats would show.
func TestEndOfPassedStreamIsEndOfInitiator(t *testing.T) {
	t.Parallel()
	m := newMaster(t)
	p, f := spawnWithStream(t, m, ini)
	f.sendTask(taskBody("1", "wait", `{}`))
	if got := f.runTask(taskBody("2", "echo", `1`)); got.data != "1" {
		t.Errorf("%+v", got)
	}
	f.conn.Close()
	if line := p.waitLogLine("lost the master"); !strings.Contains(line["reason"].(string), "its end of the stream is closed") {
		t.Errorf("%v", line)
	}
	for e := (proactor.Envelope{}); !webhook.WrongToken.Matches(e); { // the worker logs the loss before it ends the session
		e, _ = p.call("POST", "/task/new", m.session, taskBody("3", "echo", `1`))
	}
}

// TestTasksGoOnAfterStreamEnds: with keep after the end of the initiator, and
// always when the initiator closes the stream on purpose.
func TestTasksGoOnAfterStreamEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ini string
		bye bool
	}{"keep": {ini + "on_initiator_exit = keep\n", false}, "bye": {ini, true}} {
		t.Run(name, func(t *testing.T) {
			m := newMaster(t)
			_, f := spawnWithStream(t, m, c.ini)
			f.sendTask(taskBody("1", "wait", `{}`))
			if c.bye {
				f.send(chirp.ID{}, stream.WorkerHeader{Kind: stream.KindBye}, "")
			}
			f.runTask(taskBody("2", "echo", `1`))
			f.conn.Close()
			m.waitHeartbeat(t, "with the task", func(b webhook.HeartbeatBody) bool { return len(b.Running) == 1 })
			m.answerWith(cancellingMaster(m, taskID("1")))
			m.wantResult(t, taskID("1")+` fail {"message":"cancelled by the initiator"}`)
		})
	}
}
