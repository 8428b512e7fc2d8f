package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"initiator/proactor"
)

// sendHeartbeats sends heartbeats until the session ends. It shares no lock with the
// handling of tasks, and no connection either: it says that the process is
// alive, which must not depend on how busy it is. What the tasks are doing is
// in each task's own seq.
//
// The first beat comes at a random moment of the span, so that the beats of a
// thousand workers that were connected at once do not arrive at once for ever.
func (s *server) sendHeartbeats(now *session) {
	client := &proactor.Client{
		Base: now.master.Base, Channel: s.channel, HTTP: proactor.NewHTTP(1),
		Timeout: min(max(s.heartbeatSpan, time.Second), s.heartbeatTolerance),
	}
	defer client.HTTP.CloseIdleConnections()
	heard := time.Now() // connecting was the first sign of life
	next := time.NewTimer(rand.N(s.heartbeatSpan))
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-now.ctx.Done():
			return
		}
		began := time.Now()
		err := s.sendHeartbeat(now, client)
		switch {
		case err == nil:
			heard = began
		case time.Since(heard) >= s.heartbeatTolerance && now.ctx.Err() == nil:
			s.loseMaster(now, fmt.Errorf("no heartbeat was taken for %s: %w", s.heartbeatTolerance, err))
			return
		default:
			s.log.Debug("heartbeat", "error", err)
		}
		next.Reset(s.heartbeatSpan - time.Since(began)%s.heartbeatSpan)
	}
}

// sendHeartbeat sends one heartbeat and obeys its answer. A refusal is an error
// like a broken connection: neither ends the heartbeats, both do when nothing
// else comes for longer than the tolerance, or a master that was started anew
// on the same address could never connect again.
func (s *server) sendHeartbeat(now *session, client *proactor.Client) error {
	body := proactor.HeartbeatBody{Incarnation: s.incarnation, Running: s.executor.runningTasks(), RSS: residentBytes()}
	if s.sendHeartbeatByStream(now, client.Timeout, body) {
		return nil
	}
	envelope, _, err := client.Do(now.ctx, http.MethodGet, "/slave/heartbeat", now.token, body)
	if err != nil {
		return err
	}
	if !envelope.Success {
		return fmt.Errorf("the master refused it: %d %s", envelope.Code, envelope.Message)
	}
	var answer proactor.HeartbeatAnswer
	if envelope.Data != nil && json.Unmarshal(envelope.Data, &answer) != nil {
		return nil // of a kind that we do not know; it was taken all the same
	}
	s.obeyAnswer(answer)
	return nil
}

// sendHeartbeatByStream sends the heartbeat over the stream, where there is one. When it
// is not answered there, it has to go by webhook.
func (s *server) sendHeartbeatByStream(now *session, patience time.Duration, body proactor.HeartbeatBody) bool {
	l := now.stream.Load()
	if l == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(now.ctx, patience)
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

func (s *server) obeyAnswer(answer proactor.HeartbeatAnswer) {
	for _, id := range answer.Cancel {
		s.executor.cancelTask(id, errCancelled)
	}
	s.executor.setQuiet(answer.Quiet)
	if answer.Stop {
		s.log.Info("asked to stop")
		s.draining.Store(true)
		s.drain()
	}
}
