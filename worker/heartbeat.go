package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"time"

	"initiator/internal/frozentime"
	"initiator/internal/procfs"
	"initiator/internal/webhook"
)

// sendHeartbeats sends heartbeats until the session ends. It shares no lock
// and no connection with the tasks: a heartbeat says that the process is
// alive, and must not depend on how busy the process is. The progress of each
// task is in the task's own seq.
//
// The first heartbeat is sent at a random moment of the span. Otherwise the
// heartbeats of a thousand workers that were connected at the same time would
// always arrive at the same time.
func (s *server) sendHeartbeats(sess *session) {
	client := &webhook.Client{
		Base: sess.master.Base, Channel: s.channel, HTTP: webhook.NewHTTPClient(1),
	}
	defer client.HTTP.CloseIdleConnections()
	heard := masterSilence{since: time.Now(), tolerance: s.heartbeatTolerance, span: s.heartbeatSpan} // connecting counts as the first sign of life
	heard.expectBy(heard.since.Add(s.heartbeatSpan))
	next := time.NewTimer(rand.N(s.heartbeatSpan))
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-sess.ctx.Done():
			return
		}
		began := time.Now()
		heard.observe(began)
		body := webhook.HeartbeatBody{Incarnation: s.incarnation, Running: s.executor.runningTasks(), RSS: procfs.ResidentMemory(os.Getpid())}
		client.Timeout = s.heartbeatTimeout(body)
		heard.expectBy(began.Add(2 * client.Timeout)) // by stream, and then by webhook
		err := s.sendHeartbeat(sess, client, body)
		heard.observe(time.Now())
		switch {
		case err == nil:
			heard.since = began
		case heard.isOver(time.Now()) && sess.ctx.Err() == nil:
			s.loseMaster(sess, fmt.Errorf("no heartbeat was accepted for %s: %w", s.heartbeatTolerance, err))
			return
		default:
			s.log.Debug("heartbeat", "error", err)
		}
		wait := s.heartbeatSpan - time.Since(began)%s.heartbeatSpan
		heard.expectBy(time.Now().Add(wait))
		next.Reset(wait)
	}
}

// heartbeatTimeout returns how long the answer to a heartbeat is awaited: the span,
// and a second more for each MiB that the tasks report, but not longer than the
// tolerance. A large heartbeat would otherwise never arrive over a slow connection.
func (s *server) heartbeatTimeout(body webhook.HeartbeatBody) time.Duration {
	size := 0
	for _, running := range body.Running {
		size += len(running.Progress)
		if running.Output != nil {
			size += len(running.Output.Text)
		}
	}
	more := time.Duration(size) * time.Second / (1 << 20)
	return min(max(s.heartbeatSpan, time.Second)+more, s.heartbeatTolerance)
}

// masterSilence is how long the master has accepted no heartbeat. Time in which
// this process did not run does not count: the master may have been stopped as
// well, and could not be heard.
type masterSilence struct {
	since           time.Time // when the last accepted heartbeat was sent
	tolerance, span time.Duration
	rounds          frozentime.Detector
}

// expectBy says when the next call of observe comes at the latest.
func (m *masterSilence) expectBy(due time.Time) { m.rounds.Expect(due, m.span) }

func (m *masterSilence) observe(now time.Time) {
	m.since = m.rounds.Observe(now).MoveStart(m.since, now, m.tolerance, m.span)
}

// isOver reports whether the master is lost.
func (m *masterSilence) isOver(now time.Time) bool { return now.Sub(m.since) >= m.tolerance }

// sendHeartbeat sends one heartbeat and obeys its answer. A refusal is an
// error like a broken connection. A single error does not end the heartbeats;
// errors for longer than the tolerance do. Without this end, a master that was
// restarted at the same address could never connect again.
func (s *server) sendHeartbeat(sess *session, client *webhook.Client, body webhook.HeartbeatBody) error {
	if s.sendHeartbeatByStream(sess, client.Timeout, body) {
		return nil
	}
	envelope, _, err := client.Do(sess.ctx, http.MethodGet, "/slave/heartbeat", sess.token, body)
	if err != nil {
		return err
	}
	if !envelope.Success {
		return fmt.Errorf("the master refused the heartbeat: %d %s", envelope.Code, envelope.Message)
	}
	var answer webhook.HeartbeatAnswer
	if envelope.Data != nil && json.Unmarshal(envelope.Data, &answer) != nil {
		return nil // of an unknown kind; the master has accepted the heartbeat
	}
	s.obeyAnswer(answer)
	return nil
}

// sendHeartbeatByStream sends the heartbeat over the session's stream. It
// returns false when there is no stream or no answer; the heartbeat then has
// to go by webhook.
func (s *server) sendHeartbeatByStream(sess *session, patience time.Duration, body webhook.HeartbeatBody) bool {
	l := sess.stream.Load()
	if l == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(sess.ctx, patience)
	defer cancel()
	answer, err := l.sendHeartbeat(ctx, body)
	if err != nil {
		s.log.Debug("heartbeat on the stream", "error", err)
		return false
	}
	s.obeyAnswer(answer)
	return true
}

var errCancelled = errors.New("cancelled by the initiator")

func (s *server) obeyAnswer(answer webhook.HeartbeatAnswer) {
	s.executor.cancelTasks(answer.Cancel, errCancelled)
	s.executor.setQuiet(answer.Quiet)
	if answer.Stopping {
		s.takeNotice()
	}
	if answer.Stop {
		s.log.Info("the master has asked the worker to stop")
		s.draining.Store(true)
		s.drain()
	}
}
