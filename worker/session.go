package worker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"initiator/internal/webhook"
	"initiator/proactor"
)

// session is one connection to a master, from /connect to its end.
type session struct {
	token         string
	master        *webhook.Client
	ctx           context.Context // ended with the session
	cancel        context.CancelCauseFunc
	stream        atomic.Pointer[masterStream] // nil = no stream
	streamsOpened atomic.Int64                 // how many streams the master has requested
}

// LostError says why Hooks.OnLost was called.
type LostError struct {
	Master string // the master's URL
	Err    error
}

// Error returns the message of Err.
func (e *LostError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *LostError) Unwrap() error { return e.Err }

// ErrMasterLost is the cause (context.Cause) with which a task's context ends
// when the worker has lost its master: the master accepts no more heartbeats, or
// its end of the stream is gone. What the handler returns after that is dropped,
// because another worker may run the task by then. The tasks of a worker with
// on_initiator_exit = keep go on.
var ErrMasterLost = errors.New("lost the master")

// The other reasons for which a session ends.
var (
	errDisconnected = errors.New("the master disconnected")
	errDrained      = errors.New("the worker ends")
)

// handleConnect answers POST /connect. It accepts one master at a time.
func (s *server) handleConnect(w http.ResponseWriter, r *http.Request) {
	token, code := s.sessionChecks().CheckHeader(r.Header)
	if code.OK() && token == "" {
		code = webhook.NoToken
	}
	if code.OK() {
		code = s.checkConnectBearer(r.Header)
	}
	if !code.OK() {
		s.writeCode(w, code)
		return
	}
	var body webhook.ConnectBody
	release, ok := s.readConnectBody(w, r, &body)
	if !ok {
		return
	}
	defer release()
	if err := checkAddress(body.Master.Address); err != nil {
		webhook.BadBody.WriteAnswer(w, err.Error(), nil)
		return
	}
	code, data := s.openSession(token, body)
	if !code.OK() {
		code.WriteAnswer(w, "", data)
		return
	}
	markMaster(r)
	code.WriteAnswer(w, webhook.MessageConnected, webhook.ConnectAnswer{
		Slots: s.slots, Methods: s.methods.names, Incarnation: s.incarnation, Protocol: proactor.Protocol, Stream: true,
	})
}

func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("master.address is %q; send the master's URL, such as http://127.0.0.1:7235", address)
	}
	return nil
}

// openSession opens a session. When it cannot, it returns the code and data of
// the refusal.
func (s *server) openSession(token string, body webhook.ConnectBody) (webhook.Code, any) {
	s.sessionMu.Lock()
	defer s.sessionMu.Unlock()
	if s.current.Load() != nil {
		return webhook.AlreadyConnected, nil
	}
	if err := s.callHook("BeforeConnect", s.options.Hooks.BeforeConnect, body.Data); err != nil {
		refuse, ok := asError[ConnectionRefuse](err)
		return webhook.ConnectionRefused, refusalData(refuse.Data, ok, err)
	}
	if s.draining.Load() {
		return webhook.ShuttingDown, nil
	}
	ctx, end := context.WithCancelCause(s.baseContext)
	sess := &session{token: token, ctx: ctx, cancel: end, master: &webhook.Client{
		Base: strings.TrimRight(body.Master.Address, "/"), Channel: s.channel, HTTP: s.reports,
	}}
	s.current.Store(sess)
	close(s.sessionOpened)
	s.sessionOpened = make(chan struct{})
	s.heartbeats.Go(func() { s.sendHeartbeats(sess) })
	s.log.Info("connected", "master", sess.master.Base)
	return webhook.Success, nil
}

// handleDisconnect answers DELETE /disconnect. It cancels the session's tasks
// and frees their slots.
func (s *server) handleDisconnect(w http.ResponseWriter, r *http.Request) {
	checks := s.sessionChecks()
	checks.Token = func(token string) bool {
		sess := s.current.Load()
		return sess == nil || webhook.TokenEqual(token, sess.token)
	}
	if _, code := checks.CheckHeader(r.Header); !code.OK() {
		s.writeCode(w, code)
		return
	}
	var body webhook.DisconnectBody
	release, ok := s.readConnectBody(w, r, &body)
	if !ok {
		return
	}
	defer release()
	code, data := s.endSession(r.Header.Get(proactor.HeaderToken), body)
	message := ""
	if code.OK() {
		message = webhook.MessageDisconnected
	}
	code.WriteAnswer(w, message, data)
}

func (s *server) endSession(token string, body webhook.DisconnectBody) (webhook.Code, any) {
	s.sessionMu.Lock()
	defer s.sessionMu.Unlock()
	sess := s.current.Load()
	if sess == nil {
		return webhook.NotConnected, nil
	}
	if !webhook.TokenEqual(token, sess.token) {
		return webhook.WrongToken, nil
	}
	if err := s.callHook("BeforeDisconnect", s.options.Hooks.BeforeDisconnect, body.Data); err != nil {
		refuse, ok := asError[DisconnectionRefuse](err)
		return webhook.DisconnectionRefused, refusalData(refuse.Data, ok, err)
	}
	s.log.Info("disconnected", "master", sess.master.Base)
	s.closeSession(sess, errDisconnected)
	s.executor.abandonTasks(s, errDisconnected)
	return webhook.Success, nil
}

// closeSession ends a session and makes its token invalid. The caller holds
// s.sessionMu.
func (s *server) closeSession(sess *session, reason error) {
	s.current.Store(nil)
	sess.cancel(reason)
}

// loseMaster ends a session whose master no longer accepts heartbeats.
func (s *server) loseMaster(sess *session, reason error) {
	s.sessionMu.Lock()
	defer s.sessionMu.Unlock()
	if s.current.Load() != sess {
		return // another event has ended the session
	}
	s.log.Warn("lost the master", "master", sess.master.Base, "reason", reason, "keep", s.keep)
	cause := fmt.Errorf("%w: %w", ErrMasterLost, reason)
	s.closeSession(sess, cause)
	if !s.keep {
		s.executor.abandonTasks(s, cause)
	}
	reason = &LostError{Master: sess.master.Base, Err: reason}
	if s.options.Hooks.OnLost != nil {
		_ = recoverPanic(s.log, "OnLost", func() error { s.options.Hooks.OnLost(reason); return nil })
	}
}

// awaitSession waits for a session after the given session. It returns nil
// when ctx ends first.
func (s *server) awaitSession(ctx context.Context, after *session) *session {
	for {
		s.sessionMu.Lock()
		changed := s.sessionOpened
		s.sessionMu.Unlock()
		if sess := s.current.Load(); sess != nil && sess != after {
			return sess
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
}
