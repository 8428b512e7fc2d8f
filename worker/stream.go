package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"

	"initiator/internal/connbudget"
	"initiator/internal/stream"
	"initiator/internal/webhook"
	"initiator/proactor/chirp"
)

// handshakeTimeout limits the time that a master that requested a stream may
// take for its handshake. A passed stream has no such limit: the master sends
// nothing on it before it has connected.
const handshakeTimeout = 10 * time.Second

// masterStream is one stream to the master. It carries many small tasks on one
// connection. It ends with its session. Its own end does not end the session,
// unless it shows that the master is gone.
//
// The goroutine that serves the stream reads messages and starts tasks. The
// goroutines of the tasks send the results.
type masterStream struct {
	*server
	session          *session
	conn             *chirp.Conn
	passed           bool
	number           int64                         // counts the streams that the master has requested; 0 = the passed stream
	header           stream.WorkerHeader           // of the message being read
	byeReceived      bool                          // the master has announced that it closes the stream
	heartbeatAnswers chan webhook.HeartbeatAnswer  // the newest answer to a heartbeat
	ended            chan struct{}                 // closed when the stream has ended
	onOutcome        func(*execution, taskOutcome) // answerTask as a function value, which is allocated once
}

var errMasterGone = errors.New("the initiator is gone: its end of the stream is closed")

// servePassedStream serves the stream that was passed to the process. It waits
// until the master has connected and sent its handshake.
func (s *server) servePassedStream(nc net.Conn) {
	conn, ok := s.exchangeHandshakes(s.reportContext, nc, s.token)
	if sess := s.current.Load(); ok && sess != nil {
		s.serveStream(&masterStream{server: s, session: sess, conn: conn, passed: true})
		return
	}
	conn.Close()
}

// handleStream answers GET /stream: the connection becomes the session's
// stream. The previous stream of the session is closed.
func (s *server) handleStream(w http.ResponseWriter, r *http.Request) {
	sess := s.current.Load()
	checks := s.sessionChecks()
	checks.Token = func(token string) bool { return sess != nil && webhook.TokenEqual(token, sess.token) }
	if _, code := checks.CheckHeader(r.Header); !code.OK() {
		s.writeCode(w, code)
		return
	}
	if !stream.IsUpgrade(r) {
		webhook.BadBody.WriteAnswer(w, "send Upgrade: "+stream.Protocol+" to open a stream", nil)
		return
	}
	connbudget.Admit(r.Context(), connbudget.Stream, "") // a refusal leaves it where it is: the newest stream is the one in use
	s.streams.Add(1)                                     // before the HTTP server gives up the connection
	nth := sess.streamsOpened.Add(1)                     // before the answer, after which the master may request another stream
	nc, err := stream.AcceptUpgrade(w)
	if err != nil {
		s.streams.Done()
		connbudget.Release(r.Context())
		webhook.Internal.WriteAnswer(w, err.Error(), nil)
		return
	}
	go func() {
		defer s.streams.Done()
		defer connbudget.Release(r.Context())
		s.serveOpenedStream(nc, sess, nth)
	}()
}

// serveOpenedStream serves a stream that the master has requested.
func (s *server) serveOpenedStream(nc net.Conn, sess *session, nth int64) {
	ctx, cancel := context.WithTimeout(sess.ctx, handshakeTimeout)
	defer cancel()
	if conn, ok := s.exchangeHandshakes(ctx, nc, sess.token); ok {
		s.serveStream(&masterStream{server: s, session: sess, conn: conn, number: nth})
	}
}

// exchangeHandshakes exchanges handshakes. Each side proves that it knows the
// token, and so that it means the same incarnation.
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
		s.log.Warn("a stream was opened with a wrong token")
		conn.Close()
	default:
		return conn, true
	}
	return conn, false
}

// streamBuffer holds the small tasks that arrive together.
const streamBuffer = 16 << 10

// serveStream reads until the stream ends.
func (s *server) serveStream(l *masterStream) {
	l.onOutcome = l.answerTask
	l.heartbeatAnswers, l.ended = make(chan webhook.HeartbeatAnswer, 1), make(chan struct{})
	if !l.becomeCurrent() {
		l.conn.Close()
		return
	}
	stop := context.AfterFunc(l.session.ctx, l.conn.Close)
	s.log.Debug("stream opened", "inherited", l.passed)
	err := l.conn.Serve(l.receiveMessage)
	stop()
	l.session.stream.CompareAndSwap(l, nil)
	close(l.ended)
	s.log.Debug("stream ended", "error", err)
	if l.isMasterGone(err) && !s.keep {
		s.loseMaster(l.session, errMasterGone)
	}
}

// becomeCurrent makes l the session's stream and closes the previous stream.
// It returns false when the master has requested a newer stream since, because
// the handshake of l was slow.
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

// isMasterGone reports whether the end of the stream means that the master is
// gone: no other process holds the far end of a passed stream. With keep,
// running tasks go on in any case, and the heartbeats show whether another
// master is there.
func (l *masterStream) isMasterGone(err error) bool {
	var ours *chirp.ProtocolError
	return l.passed && !l.byeReceived && err != nil && !errors.As(err, &ours)
}

// receiveMessage handles one message. It ignores messages of later versions.
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
		l.receiveHeartbeatAnswer(m.Data)
	case stream.KindBye:
		l.byeReceived = true
	}
}

// takeTask starts a task. With a hook BeforeTask the start gets a goroutine of
// its own, because the hook may wait and the stream must still be read.
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
	h := stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusRefused, Attempt: t.Attempt, Code: code.Number}
	if refuse, ok := asError[TaskRefuse](err); ok {
		h.RetryAfter = refuse.RetryAfter
	}
	_ = l.sendMessage(id, &h, data) // broken: the master sends the task again by webhook
}

// answerTask sends an outcome. An outcome that is too large, or that meets a
// broken stream, goes by webhook.
func (l *masterStream) answerTask(run *execution, o taskOutcome) {
	h := stream.WorkerHeader{Kind: stream.KindAnswer, Status: stream.StatusFailed, Attempt: run.Task.Attempt, Retry: o.Retry}
	switch {
	case o.Completed:
		h.Status = stream.StatusCompleted
	case o.Stopped:
		h.Status, h.Code, h.Retry = stream.StatusRefused, webhook.ShuttingDown.Number, false
	}
	if len(o.Result) > stream.MaxPayload || l.sendMessage(chirp.ID(run.key.id), &h, o.Result) != nil {
		l.reportOutcome(l.session, run.Task.wireRef(), o)
	}
}

// reportProgress implements liveReporter. A value that is too large waits for
// the heartbeat.
func (l *masterStream) reportProgress(run *execution, seq uint64, value []byte) {
	if len(value) <= stream.MaxPayload {
		h := stream.WorkerHeader{Kind: stream.KindProgress, Attempt: run.Task.Attempt, Seq: seq}
		_ = l.sendMessage(chirp.ID(run.key.id), &h, value) // broken: the next heartbeat has the value
	}
}

// reportOutput implements liveReporter. Output that meets a broken stream is
// lost: people watch it, and no result depends on it.
func (l *masterStream) reportOutput(run *execution, at int64, text []byte) {
	if id, err := uuid.Parse(run.Task.ID); err == nil {
		h := stream.WorkerHeader{Kind: stream.KindOutput, Attempt: run.Task.Attempt, Seq: uint64(at)}
		if err := l.sendMessage(chirp.ID(id), &h, text); err != nil && run.outputFault.CompareAndSwap(false, true) {
			l.log.Warn("output of a task is lost: the stream is broken", "task", run.Task.ID, "attempt", run.Task.Attempt, "error", err)
		}
	}
}

func (l *masterStream) sendMessage(id chirp.ID, h *stream.WorkerHeader, data []byte) error {
	var room [96]byte
	return l.conn.Send(chirp.Message{Identity: id, Header: h.Append(room[:0]), Data: data})
}

// receiveHeartbeatAnswer keeps the newest answer for the goroutine that sends
// heartbeats. The notice that the worker will be stopped comes without a
// heartbeat, and is obeyed at once.
func (l *masterStream) receiveHeartbeatAnswer(data []byte) {
	var answer webhook.HeartbeatAnswer
	if len(data) > 0 && json.Unmarshal(data, &answer) != nil {
		answer = webhook.HeartbeatAnswer{} // of an unknown kind; the master has accepted the heartbeat
	}
	if answer.Stopping {
		l.takeNotice()
	}
	select {
	case <-l.heartbeatAnswers:
	default:
	}
	l.heartbeatAnswers <- answer // no other goroutine sends to this channel
}

var errStreamEnded = errors.New("the stream ended before the heartbeat was answered")

// sendHeartbeat sends one heartbeat and waits for its answer.
func (l *masterStream) sendHeartbeat(ctx context.Context, body webhook.HeartbeatBody) (answer webhook.HeartbeatAnswer, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return answer, err
	}
	select {
	case <-l.heartbeatAnswers: // the late answer to an earlier heartbeat
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
