package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"initiator/internal/stream"
	"initiator/proactor"
	"initiator/proactor/chirp"

	"github.com/google/uuid"
)

// helloTime is how long a master that asked for a stream may take for its
// handshake. For an inherited stream there is no limit: the master says
// nothing on it before it has connected.
const helloTime = 10 * time.Second

// line is one stream to the master: a door to the executor through which many
// small tasks come and go on one connection. Its session ends it; its own end
// ends the session only where the master is known to be gone.
//
// The goroutine that serves it reads, and starts tasks; results are sent from
// the tasks' goroutines.
type line struct {
	*server
	now       *session
	conn      *chirp.Conn
	inherited bool
	nth       int64                         // of the streams that the master has asked for; 0 = inherited
	header    stream.WorkerHeader           // of the message being read
	farewell  bool                          // the master has said that it closes the stream
	orders    chan proactor.HeartbeatAnswer // what heartbeats were answered
	gone      chan struct{}                 // closed with the stream
	answers   func(*Execution, Outcome)     // answer, as a value that is made once
}

var errMasterGone = errors.New("the initiator is gone: its end of the stream is closed")

// inherit serves the stream that the process was born with. Until the master
// has connected and said its handshake it only waits.
func (s *server) inherit(nc net.Conn) {
	conn, ok := s.greet(s.kept, nc, s.token)
	if now := s.current.Load(); ok && now != nil {
		s.serveLine(&line{server: s, now: now, conn: conn, inherited: true})
		return
	}
	conn.Close()
}

// stream answers GET /stream: the connection becomes the session's stream. One
// that it had before is closed.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	now := s.current.Load()
	checks := s.sessionChecks()
	checks.Token = func(token string) bool { return now != nil && proactor.TokenEqual(token, now.token) }
	if _, code := checks.Check(r.Header); !code.OK() {
		s.refuse(w, code)
		return
	}
	if !stream.IsUpgrade(r) {
		proactor.BadBody.Write(w, "send Upgrade: "+stream.Protocol+" to open a stream", nil)
		return
	}
	s.lines.Add(1)           // before the HTTP server knows the connection no more
	nth := now.opened.Add(1) // before the answer, after which it may ask for another
	nc, err := stream.AcceptUpgrade(w)
	if err != nil {
		s.lines.Done()
		proactor.Internal.Write(w, err.Error(), nil)
		return
	}
	go func() {
		defer s.lines.Done()
		s.join(nc, now, nth)
	}()
}

// join serves a stream that the master has opened.
func (s *server) join(nc net.Conn, now *session, nth int64) {
	ctx, cancel := context.WithTimeout(now.ctx, helloTime)
	defer cancel()
	if conn, ok := s.greet(ctx, nc, now.token); ok {
		s.serveLine(&line{server: s, now: now, conn: conn, nth: nth})
	}
}

// greet exchanges handshakes. Both sides prove that they know the same token,
// and so mean the same incarnation.
func (s *server) greet(ctx context.Context, nc net.Conn, token string) (*chirp.Conn, bool) {
	id := chirp.TokenID(token)
	conn := chirp.NewConn(nc, chirp.ConnOptions{
		Handshake:  chirp.Handshake{Port: uint16(max(s.port, 0)), Node: id},
		MaxMessage: stream.MaxMessage, ReadBuffer: lineBuffer,
	})
	theirs, err := conn.ExchangeHandshakes(ctx)
	switch {
	case err != nil:
		s.log.Debug("stream", "error", err)
	case theirs.Node != id:
		s.log.Warn("a stream was opened by somebody who does not know the token")
		conn.Close()
	default:
		return conn, true
	}
	return conn, false
}

// lineBuffer holds as many small tasks as come at once.
const lineBuffer = 16 << 10

// serveLine reads until the stream ends.
func (s *server) serveLine(l *line) {
	l.answers = l.answer
	l.orders, l.gone = make(chan proactor.HeartbeatAnswer, 1), make(chan struct{})
	if !l.takePlace() {
		l.conn.Close()
		return
	}
	stop := context.AfterFunc(l.now.ctx, l.conn.Close)
	s.log.Debug("stream opened", "inherited", l.inherited)
	err := l.conn.Serve(l.receive)
	stop()
	l.now.line.CompareAndSwap(l, nil)
	close(l.gone)
	s.log.Debug("stream ended", "error", err)
	if l.masterGone(err) && !s.keep {
		s.lost(l.now, errMasterGone)
	}
}

// takePlace makes l the session's stream, and closes the one before it. A
// stream that the master has asked for earlier, and that was slow with its
// handshake, is not what it wants any more.
func (l *line) takePlace() bool {
	for {
		before := l.now.line.Load()
		if before != nil && before.nth > l.nth {
			return false
		}
		if l.now.line.CompareAndSwap(before, l) {
			if before != nil {
				before.conn.Close()
			}
			return true
		}
	}
}

// masterGone tells the end of the master from the end of a stream: the other
// end of an inherited one is held by nobody else. With keep, what runs goes on
// in any case, and the heartbeats find out whether another master is there.
func (l *line) masterGone(err error) bool {
	var ours *chirp.ProtocolError
	return l.inherited && !l.farewell && err != nil && !errors.As(err, &ours)
}

// receive takes one message. What a later version may say is ignored.
func (l *line) receive(m *chirp.Message) {
	if err := l.header.Parse(m.Header); err != nil {
		l.log.Warn("stream", "error", err)
		l.conn.Close()
		return
	}
	switch l.header.Kind {
	case stream.KindTask:
		l.take(m)
	case stream.KindCancel:
		l.executor.cancelAttempt(taskKey{uuid.UUID(m.Identity), l.header.Attempt}, errCancelled)
	case stream.KindHeartbeatAnswer:
		l.ordered(m.Data)
	case stream.KindBye:
		l.farewell = true
	}
}

// take starts a task. A hook may wait, and nothing would be read meanwhile:
// where there is one, the start has a goroutine of its own.
func (l *line) take(m *chirp.Message) {
	h := &l.header
	t := Task{
		ID: uuid.UUID(m.Identity).String(), Method: h.Method, Attempt: h.Attempt,
		Deadline: h.Deadline, Traceparent: h.Traceparent, Data: bytes.Clone(m.Data),
	}
	id := m.Identity
	if l.options.Hooks.BeforeTask != nil {
		l.lines.Go(func() { l.begin(id, &t) })
		return
	}
	l.begin(id, &t)
}

func (l *line) begin(id chirp.ID, t *Task) {
	_, err := l.start(l.now, t, taskKey{uuid.UUID(id), t.Attempt}, waiter{l, l.answers})
	if err == nil {
		return
	}
	code, data := refusedTask(err, l.span)
	h := stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusRefused, Attempt: t.Attempt, Code: code.Code}
	if refuse, ok := as[TaskRefuse](err); ok {
		h.RetryAfter = refuse.RetryAfter
	}
	_ = l.send(id, &h, data) // broken: the master asks again, by webhook
}

// answer sends an outcome. One that is too large, or finds the stream broken,
// goes by webhook.
func (l *line) answer(run *Execution, o Outcome) {
	h := stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusFailed, Attempt: run.Task.Attempt, Retry: o.Retry}
	if o.Completed {
		h.Status = stream.StatusCompleted
	}
	if len(o.Result) > stream.MaxPayload || l.send(chirp.ID(run.key.id), &h, o.Result) != nil {
		l.report(l.now, run.Task.ref(), o)
	}
}

// move implements mover. A value that is too large waits for the heartbeat.
func (l *line) move(run *Execution, seq uint64, value []byte) {
	if len(value) <= stream.MaxPayload {
		h := stream.WorkerHeader{Kind: stream.KindProgress, Attempt: run.Task.Attempt, Seq: seq}
		_ = l.send(chirp.ID(run.key.id), &h, value) // broken: the next heartbeat tells
	}
}

// say implements mover. What a broken stream loses is lost: it is for people who
// watch, and the result does not depend on it.
func (l *line) say(run *Execution, at int64, text []byte) {
	if id, err := uuid.Parse(run.Task.ID); err == nil {
		h := stream.WorkerHeader{Kind: stream.KindOutput, Attempt: run.Task.Attempt, Seq: uint64(at)}
		_ = l.send(chirp.ID(id), &h, text)
	}
}

func (l *line) send(id chirp.ID, h *stream.WorkerHeader, data []byte) error {
	var room [96]byte
	return l.conn.Send(chirp.Message{Identity: id, Header: h.Append(room[:0]), Data: data})
}

// ordered keeps the newest answer for the goroutine that beats.
func (l *line) ordered(data []byte) {
	var answer proactor.HeartbeatAnswer
	if len(data) > 0 && json.Unmarshal(data, &answer) != nil {
		answer = proactor.HeartbeatAnswer{} // of a kind that we do not know; it was taken all the same
	}
	select {
	case <-l.orders:
	default:
	}
	l.orders <- answer // only this goroutine puts anything in
}

var errLineGone = errors.New("the stream ended before the heartbeat was answered")

// beat sends one heartbeat and waits for its answer.
func (l *line) beat(ctx context.Context, body proactor.HeartbeatBody) (answer proactor.HeartbeatAnswer, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return answer, err
	}
	select {
	case <-l.orders: // of a beat before, for which nobody waited any more
	default:
	}
	if err := l.send(chirp.ID{}, &stream.WorkerHeader{Kind: stream.KindHeartbeat}, data); err != nil {
		return answer, err
	}
	select {
	case answer = <-l.orders:
		return answer, nil
	case <-l.gone:
		return answer, errLineGone
	case <-ctx.Done():
		return answer, context.Cause(ctx)
	}
}
