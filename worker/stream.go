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

// handshakeTimeout is how long a master that asked for a stream may take for its
// handshake. For an inherited stream there is no limit: the master says
// nothing on it before it has connected.
const handshakeTimeout = 10 * time.Second

// masterStream is one stream to the master: a door to the executor through which many
// small tasks come and go on one connection. Its session ends it; its own end
// ends the session only where the master is known to be gone.
//
// The goroutine that serves it reads, and starts tasks; results are sent from
// the tasks' goroutines.
type masterStream struct {
	*server
	session          *session
	conn             *chirp.Conn
	inherited        bool
	number           int64                         // of the streams that the master has asked for; 0 = inherited
	header           stream.WorkerHeader           // of the message being read
	byeReceived      bool                          // the master has said that it closes the stream
	heartbeatAnswers chan proactor.HeartbeatAnswer // what heartbeats were answered
	ended            chan struct{}                 // closed with the stream
	onOutcome        func(*execution, taskOutcome) // answer, as a value that is made once
}

var errMasterGone = errors.New("the initiator is gone: its end of the stream is closed")

// servePassedStream serves the stream that the process was born with. Until the master
// has connected and said its handshake it only waits.
func (s *server) servePassedStream(nc net.Conn) {
	conn, ok := s.exchangeHandshakes(s.reportContext, nc, s.token)
	if now := s.current.Load(); ok && now != nil {
		s.serveStream(&masterStream{server: s, session: now, conn: conn, inherited: true})
		return
	}
	conn.Close()
}

// handleStream answers GET /stream: the connection becomes the session's stream. One
// that it had before is closed.
func (s *server) handleStream(w http.ResponseWriter, r *http.Request) {
	now := s.current.Load()
	checks := s.sessionChecks()
	checks.Token = func(token string) bool { return now != nil && proactor.TokenEqual(token, now.token) }
	if _, code := checks.Check(r.Header); !code.OK() {
		s.writeCode(w, code)
		return
	}
	if !stream.IsUpgrade(r) {
		proactor.BadBody.Write(w, "send Upgrade: "+stream.Protocol+" to open a stream", nil)
		return
	}
	s.streams.Add(1)                // before the HTTP server knows the connection no more
	nth := now.streamsOpened.Add(1) // before the answer, after which it may ask for another
	nc, err := stream.AcceptUpgrade(w)
	if err != nil {
		s.streams.Done()
		proactor.Internal.Write(w, err.Error(), nil)
		return
	}
	go func() {
		defer s.streams.Done()
		s.serveOpenedStream(nc, now, nth)
	}()
}

// serveOpenedStream serves a stream that the master has opened.
func (s *server) serveOpenedStream(nc net.Conn, now *session, nth int64) {
	ctx, cancel := context.WithTimeout(now.ctx, handshakeTimeout)
	defer cancel()
	if conn, ok := s.exchangeHandshakes(ctx, nc, now.token); ok {
		s.serveStream(&masterStream{server: s, session: now, conn: conn, number: nth})
	}
}

// exchangeHandshakes exchanges handshakes. Both sides prove that they know the same token,
// and so mean the same incarnation.
func (s *server) exchangeHandshakes(ctx context.Context, nc net.Conn, token string) (*chirp.Conn, bool) {
	id := chirp.TokenID(token)
	conn := chirp.NewConn(nc, chirp.ConnOptions{
		Handshake:  chirp.Handshake{Port: uint16(max(s.port, 0)), Node: id},
		MaxMessage: stream.MaxMessage, ReadBuffer: streamBuffer,
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

// streamBuffer holds as many small tasks as come at once.
const streamBuffer = 16 << 10

// serveStream reads until the stream ends.
func (s *server) serveStream(l *masterStream) {
	l.onOutcome = l.answerTask
	l.heartbeatAnswers, l.ended = make(chan proactor.HeartbeatAnswer, 1), make(chan struct{})
	if !l.becomeCurrent() {
		l.conn.Close()
		return
	}
	stop := context.AfterFunc(l.session.ctx, l.conn.Close)
	s.log.Debug("stream opened", "inherited", l.inherited)
	err := l.conn.Serve(l.receiveMessage)
	stop()
	l.session.stream.CompareAndSwap(l, nil)
	close(l.ended)
	s.log.Debug("stream ended", "error", err)
	if l.isMasterGone(err) && !s.keep {
		s.loseMaster(l.session, errMasterGone)
	}
}

// becomeCurrent makes l the session's stream, and closes the one before it. A
// stream that the master has asked for earlier, and that was slow with its
// handshake, is not what it wants any more.
func (l *masterStream) becomeCurrent() bool {
	for {
		before := l.session.stream.Load()
		if before != nil && before.number > l.number {
			return false
		}
		if l.session.stream.CompareAndSwap(before, l) {
			if before != nil {
				before.conn.Close()
			}
			return true
		}
	}
}

// isMasterGone tells the end of the master from the end of a stream: the other
// end of an inherited one is held by nobody else. With keep, what runs goes on
// in any case, and the heartbeats find out whether another master is there.
func (l *masterStream) isMasterGone(err error) bool {
	var ours *chirp.ProtocolError
	return l.inherited && !l.byeReceived && err != nil && !errors.As(err, &ours)
}

// receiveMessage takes one message. What a later version may say is ignored.
func (l *masterStream) receiveMessage(m *chirp.Message) {
	if err := l.header.Parse(m.Header); err != nil {
		l.log.Warn("stream", "error", err)
		l.conn.Close()
		return
	}
	switch l.header.Kind {
	case stream.KindTask:
		l.takeTask(m)
	case stream.KindCancel:
		l.executor.cancelAttempt(attemptKey{uuid.UUID(m.Identity), l.header.Attempt}, errCancelled)
	case stream.KindHeartbeatAnswer:
		l.storeHeartbeatAnswer(m.Data)
	case stream.KindBye:
		l.byeReceived = true
	}
}

// takeTask starts a task. A hook may wait, and nothing would be read meanwhile:
// where there is one, the start has a goroutine of its own.
func (l *masterStream) takeTask(m *chirp.Message) {
	h := &l.header
	t := Task{
		ID: uuid.UUID(m.Identity).String(), Method: h.Method, Attempt: h.Attempt,
		Deadline: h.Deadline, Traceparent: h.Traceparent, Data: bytes.Clone(m.Data),
	}
	id := m.Identity
	if l.options.Hooks.BeforeTask != nil {
		l.streams.Go(func() { l.beginTask(id, &t) })
		return
	}
	l.beginTask(id, &t)
}

func (l *masterStream) beginTask(id chirp.ID, t *Task) {
	_, err := l.startSessionTask(l.session, t, attemptKey{uuid.UUID(id), t.Attempt}, waiter{l, l.onOutcome})
	if err == nil {
		return
	}
	code, data := refusedTask(err, l.heartbeatSpan)
	h := stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusRefused, Attempt: t.Attempt, Code: code.Code}
	if refuse, ok := asError[TaskRefuse](err); ok {
		h.RetryAfter = refuse.RetryAfter
	}
	_ = l.sendMessage(id, &h, data) // broken: the master asks again, by webhook
}

// answerTask sends an outcome. One that is too large, or finds the stream broken,
// goes by webhook.
func (l *masterStream) answerTask(run *execution, o taskOutcome) {
	h := stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusFailed, Attempt: run.Task.Attempt, Retry: o.Retry}
	if o.Completed {
		h.Status = stream.StatusCompleted
	}
	if len(o.Result) > stream.MaxPayload || l.sendMessage(chirp.ID(run.key.id), &h, o.Result) != nil {
		l.reportOutcome(l.session, run.Task.wireRef(), o)
	}
}

// reportProgress implements mover. A value that is too large waits for the heartbeat.
func (l *masterStream) reportProgress(run *execution, seq uint64, value []byte) {
	if len(value) <= stream.MaxPayload {
		h := stream.WorkerHeader{Kind: stream.KindProgress, Attempt: run.Task.Attempt, Seq: seq}
		_ = l.sendMessage(chirp.ID(run.key.id), &h, value) // broken: the next heartbeat tells
	}
}

// reportOutput implements mover. What a broken stream loses is lost: it is for people who
// watch, and the result does not depend on it.
func (l *masterStream) reportOutput(run *execution, at int64, text []byte) {
	if id, err := uuid.Parse(run.Task.ID); err == nil {
		h := stream.WorkerHeader{Kind: stream.KindOutput, Attempt: run.Task.Attempt, Seq: uint64(at)}
		_ = l.sendMessage(chirp.ID(id), &h, text)
	}
}

func (l *masterStream) sendMessage(id chirp.ID, h *stream.WorkerHeader, data []byte) error {
	var room [96]byte
	return l.conn.Send(chirp.Message{Identity: id, Header: h.Append(room[:0]), Data: data})
}

// storeHeartbeatAnswer keeps the newest answer for the goroutine that beats.
func (l *masterStream) storeHeartbeatAnswer(data []byte) {
	var answer proactor.HeartbeatAnswer
	if len(data) > 0 && json.Unmarshal(data, &answer) != nil {
		answer = proactor.HeartbeatAnswer{} // of a kind that we do not know; it was taken all the same
	}
	select {
	case <-l.heartbeatAnswers:
	default:
	}
	l.heartbeatAnswers <- answer // only this goroutine puts anything in
}

var errStreamEnded = errors.New("the stream ended before the heartbeat was answered")

// sendHeartbeat sends one heartbeat and waits for its answer.
func (l *masterStream) sendHeartbeat(ctx context.Context, body proactor.HeartbeatBody) (answer proactor.HeartbeatAnswer, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return answer, err
	}
	select {
	case <-l.heartbeatAnswers: // of a beat before, for which nobody waited any more
	default:
	}
	if err := l.sendMessage(chirp.ID{}, &stream.WorkerHeader{Kind: stream.KindHeartbeat}, data); err != nil {
		return answer, err
	}
	select {
	case answer = <-l.heartbeatAnswers:
		return answer, nil
	case <-l.ended:
		return answer, errStreamEnded
	case <-ctx.Done():
		return answer, context.Cause(ctx)
	}
}
