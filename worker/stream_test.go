package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"
	"testing"

	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor"
	"initiator/proactor/chirp"

	"golang.org/x/sys/unix"
)

// TestAStreamIsOpenedOnlyUnderTheSession, and only for those who ask for one.
func TestAStreamIsOpenedOnlyUnderTheSession(t *testing.T) {
	m := newMaster(t)
	p := launch(t, Options{})
	if _, err := p.ask(m.session); !errors.Is(err, stream.ErrUnsupported) || !strings.Contains(err.Error(), "302") {
		t.Errorf("without a session: %v", err)
	}
	p.connect(m)
	if _, err := p.ask("another"); !errors.Is(err, stream.ErrUnsupported) {
		t.Errorf("another token: %v", err)
	}
	p.mustCall(webhook.BadBody, "GET", "/stream", m.session, nil)
	m.stream(p)
}

// TestAStrangerGetsNoStream: who asked for it must also say who it is.
func TestAStrangerGetsNoStream(t *testing.T) {
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	nc, err := p.ask(m.session)
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

// TestHeartbeatsRideOnTheStream, and their answers are obeyed.
func TestHeartbeatsRideOnTheStream(t *testing.T) {
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	f := m.stream(p)
	f.post(task("1", "wait", `{}`))
	for {
		beat := await(t, f.others, "a heartbeat")
		if beat.Kind == stream.KindProgress && beat.data == `"waiting"` && beat.Seq == 2 {
			continue
		}
		if beat.Kind != stream.KindHeartbeat {
			t.Fatalf("%+v", beat)
		}
		var body proactor.HeartbeatBody
		if err := json.Unmarshal([]byte(beat.data), &body); err != nil || body.Incarnation != 1 {
			t.Fatalf("%s %v", beat.data, err)
		}
		if len(body.Running) == 1 && body.Running[0].Seq == 2 {
			break
		}
		f.send(beat.id, stream.WorkerHeader{Kind: stream.KindHeartbeatAnswer}, "")
	}
	f.send(chirp.ID{}, stream.WorkerHeader{Kind: stream.KindHeartbeatAnswer}, `{"stop":true,"cancel":["`+taskID("1")+`"]}`)
	if err := p.ended(); err != nil {
		t.Error(err)
	}
}

// TestCancelByStream ends one attempt, or all.
func TestCancelByStream(t *testing.T) {
	m := newMaster(t)
	p := launch(t, Options{Slots: 2})
	p.connect(m)
	f := m.stream(p)
	id, answer := f.post(task("1", "wait", `{}`))
	f.send(id, stream.WorkerHeader{Kind: stream.KindCancel, Attempt: 7}, "")
	if got := f.give(task("2", "echo", `1`)); got.data != "1" { // whatever was said before is done
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

// TestAResultThatFindsNoStreamGoesByWebhook, and so does one that is too large.
func TestAResultThatFindsNoStreamGoesByWebhook(t *testing.T) {
	release := make(chan struct{})
	gate := HandleRaw("gate", func(context.Context, json.RawMessage) (json.RawMessage, error) { <-release; return nil, nil })
	large := HandleRaw("large", func(context.Context, json.RawMessage) (json.RawMessage, error) {
		return json.RawMessage(`"` + string(bytes.Repeat([]byte("x"), stream.MaxPayload)) + `"`), nil
	})
	m := newMaster(t)
	p := launch(t, Options{Handlers: []Handler{gate, large}})
	p.connect(m)
	m.stream(p).post(task("1", "large", `{}`))
	if got := await(t, m.results, "the large result"); len(got.Result) <= stream.MaxPayload {
		t.Errorf("%d bytes", len(got.Result))
	}
	m.stream(p).post(task("2", "gate", `{}`))
	m.far.conn.Close()
	m.far.ended()
	// What is said into a stream that is just dying may be lost: that is why
	// the initiator asks again over the webhook, as here.
	again := task("2", "gate", `{}`)
	again.Task.ID = taskID("2")
	p.mustCall(codeOK, "POST", "/task/new", m.session, again)
	close(release)
	m.wantResult(t, taskID("2")+" complete null")
}

// TestANewStreamTakesThePlaceOfTheOld.
func TestANewStreamTakesThePlaceOfTheOld(t *testing.T) {
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	old := m.stream(p)
	old.give(task("0", "echo", `0`)) // it has its place
	m.far = nil
	m.stream(p)
	if err := old.ended(); err == nil {
		t.Error("the old one was not hung up on")
	}
	if got := m.far.give(task("1", "echo", `1`)); got.data != "1" {
		t.Errorf("%+v", got)
	}
	p.mustCall(codeOK, "DELETE", "/disconnect", m.session, proactor.DisconnectBody{})
	if err := m.far.ended(); err == nil {
		t.Error("the stream outlives its session")
	}
}

// TestALateHandshakeTakesNoPlace: of two streams the later asked for is the
// one that stays, whichever says its handshake first.
func TestALateHandshakeTakesNoPlace(t *testing.T) {
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	slow, err := p.ask(m.session)
	if err != nil {
		t.Fatal(err)
	}
	later := m.stream(p)
	later.give(task("0", "echo", `0`)) // it has its place
	if err := openFarEnd(t, slow, m.session).ended(); err == nil {
		t.Error("the earlier one was not hung up on")
	}
	if got := later.give(task("1", "echo", `1`)); got.data != "1" {
		t.Errorf("%+v", got)
	}
}

// TestGarbageEndsAStreamAndNothingElse.
func TestGarbageEndsAStreamAndNothingElse(t *testing.T) {
	m := newMaster(t)
	p := launch(t, Options{})
	p.connect(m)
	f := m.stream(p)
	_ = f.conn.Send(chirp.Message{Header: []byte("garbage")})
	if err := f.ended(); err == nil {
		t.Error("it goes on")
	}
	p.give(m, "1", "echo", `1`)
	m.wantResult(t, "1 complete 1")
}

// born is a worker process with an inherited stream, connected to m.
func born(t *testing.T, m *master, stdin string) (*process, *farEnd) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(pair[0])
	unix.CloseOnExec(pair[1])
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer ours.Close()
	p := spawn(t, stdin, []string{strings.Replace(announce(t, theirs), "=3:", "=4:", 1)}, nil, theirs)
	theirs.Close()
	p.listening()
	c := &webhook.Client{Base: "http://" + p.addr, Bearer: p.token, HTTP: webhook.NewHTTPClient(1)}
	defer c.HTTP.CloseIdleConnections()
	if e, _, err := c.Do(t.Context(), "POST", "/connect", m.session, proactor.ConnectBody{Master: proactor.Master{Address: m.URL}}); err != nil || !e.Success {
		t.Fatalf("%+v %v", e, err)
	}
	nc, err := net.FileConn(ours)
	if err != nil {
		t.Fatal(err)
	}
	return p, openFarEnd(t, nc, p.token)
}

// TestTheEndOfAnInheritedStreamIsTheEndOfTheInitiator: the tasks are cancelled
// at once, long before heartbeats could tell.
func TestTheEndOfAnInheritedStreamIsTheEndOfTheInitiator(t *testing.T) {
	m := newMaster(t)
	p, f := born(t, m, ini)
	f.post(task("1", "wait", `{}`))
	if got := f.give(task("2", "echo", `1`)); got.data != "1" {
		t.Errorf("%+v", got)
	}
	f.conn.Close()
	if line := p.says("lost the master"); !strings.Contains(line["reason"].(string), "its end of the stream is closed") {
		t.Errorf("%v", line)
	}
	for e := (proactor.Envelope{}); !webhook.WrongToken.Matches(e); { // it says so first and does so then
		e, _ = p.call("POST", "/task/new", m.session, task("3", "echo", `1`))
	}
}

// TestTasksRunOn: with keep when the initiator is gone, and a stream that is
// closed on purpose ends nothing.
func TestTasksRunOn(t *testing.T) {
	for name, c := range map[string]struct {
		ini string
		bye bool
	}{"keep": {ini + "on_initiator_exit = keep\n", false}, "bye": {ini, true}} {
		t.Run(name, func(t *testing.T) {
			m := newMaster(t)
			_, f := born(t, m, c.ini)
			f.post(task("1", "wait", `{}`))
			if c.bye {
				f.send(chirp.ID{}, stream.WorkerHeader{Kind: stream.KindBye}, "")
			}
			f.give(task("2", "echo", `1`))
			f.conn.Close()
			m.beating(t, "with the task", func(b proactor.HeartbeatBody) bool { return len(b.Running) == 1 })
			m.answers(cancelling(m, taskID("1")))
			m.wantResult(t, taskID("1")+` fail {"message":"cancelled by the initiator"}`)
		})
	}
}
