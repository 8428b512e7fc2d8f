package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/bounds"
	"initiator/internal/bytebudget"
	"initiator/internal/loopback"
	"initiator/internal/webhook"
	"initiator/proactor"
)

// server answers the webhooks of one worker.
type server struct {
	startConfig
	options  Options
	log      hclog.Logger
	methods  methodTable
	executor *executor
	bodies   *bytebudget.Table // of the bodies that each sender sends
	reports  *http.Client      // for results; heartbeats use a client of their own

	onLoopback    bool            // only programs on this machine can connect
	passedStream  net.Conn        // the stream that was passed to the process; nil = none
	baseContext   context.Context // parent of the contexts of sessions and kept tasks; ended last
	endBase       context.CancelCauseFunc
	reportContext context.Context // for results that wait for a master; ended when draining begins
	draining      atomic.Bool
	drain         func() // asks the goroutine of Run to drain

	sessionMu     sync.Mutex              // held while a session begins or ends
	current       atomic.Pointer[session] // nil = not connected
	sessionOpened chan struct{}           // guarded by sessionMu; closed when a session begins
	heartbeats    sync.WaitGroup          // the goroutines that send heartbeats
	streams       sync.WaitGroup          // the goroutines of streams
}

// ServeHTTP is a plain switch, because a router would cost more than the rest
// of a small request.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method, handle := s.findRoute(r.URL.Path)
	switch {
	case s.isFromWebPage(r):
		s.refuseWebPage(w, r)
	case r.URL.Path == "/" && r.Method == http.MethodPost:
		s.handleDirect(w, r) // direct calls have their own error answers
	case s.draining.Load():
		s.writeCode(w, webhook.ShuttingDown)
	case handle == nil:
		s.writeCode(w, webhook.NotFound)
	case r.Method != method:
		w.Header().Set("Allow", method)
		s.writeCode(w, webhook.MethodNotAllowed)
	default:
		handle(w, r)
	}
}

func (s *server) findRoute(path string) (method string, handle http.HandlerFunc) {
	switch path {
	case "/task/new":
		return http.MethodPost, s.handleTaskNew
	case "/ping":
		return http.MethodGet, s.handlePing
	case "/connect":
		return http.MethodPost, s.handleConnect
	case "/disconnect":
		return http.MethodDelete, s.handleDisconnect
	case "/stream":
		return http.MethodGet, s.handleStream
	case "/shutdown":
		return http.MethodDelete, s.handleShutdown
	}
	return "", nil
}

// writeCode writes an answer that holds only a code.
func (s *server) writeCode(w http.ResponseWriter, c webhook.Code) { c.WriteAnswer(w, "", nil) }

// sessionChecks returns the checks for requests of the master.
func (s *server) sessionChecks() webhook.HeaderCheck {
	return webhook.HeaderCheck{
		ShuttingDown: s.draining.Load(), Channel: s.channel,
		Missing: webhook.NoToken, Wrong: webhook.WrongToken,
	}
}

// ownChecks returns the checks for requests under the worker's own token. The
// channel is optional, because the original sends none with them.
func (s *server) ownChecks() webhook.HeaderCheck {
	return webhook.HeaderCheck{
		ShuttingDown: s.draining.Load(), Channel: s.channel, ChannelOptional: true,
		Missing: webhook.NoOwnToken, Wrong: webhook.WrongOwnToken,
		Token: func(token string) bool { return webhook.TokenEqual(token, s.token) },
	}
}

// handlePing answers GET /ping. A request with a nonce and without a token
// gets only a proof that this worker knows its token. A request with the token
// gets all data.
func (s *server) handlePing(w http.ResponseWriter, r *http.Request) {
	nonce := r.Header.Get(proactor.HeaderNonce)
	checks := s.ownChecks()
	_, code := checks.CheckHeader(r.Header)
	if nonce != "" && code == webhook.NoOwnToken {
		webhook.Success.WriteAnswer(w, webhook.MessagePong, webhook.PingAnswer{Proof: s.makeProof(nonce)})
		return
	}
	if !code.OK() {
		s.writeCode(w, code)
		return
	}
	markMaster(r)
	pong := webhook.PingAnswer{
		GUID: s.guid, Incarnation: s.incarnation, PID: os.Getpid(),
		Methods: s.methods.names, Slots: s.slots, Protocol: proactor.Protocol,
	}
	if nonce != "" {
		pong.Proof = s.makeProof(nonce)
	}
	webhook.Success.WriteAnswer(w, webhook.MessagePong, pong)
}

func (s *server) makeProof(nonce string) string {
	return webhook.Proof(s.token, nonce, s.guid, s.incarnation)
}

func (s *server) handleShutdown(w http.ResponseWriter, r *http.Request) {
	if _, code := s.ownChecks().CheckHeader(r.Header); !code.OK() {
		s.writeCode(w, code)
		return
	}
	s.log.Info("a request has asked the worker to shut down")
	s.draining.Store(true)
	webhook.Success.WriteAnswer(w, webhook.MessageShutdown, nil)
	s.drain()
}

// checkConnectBearer checks the worker's own token in the header
// Authorization, unless connect = open.
func (s *server) checkConnectBearer(h http.Header) webhook.Code {
	if s.startConfig.connect == "open" {
		return webhook.Success
	}
	return s.checkOwnBearer(h)
}

func (s *server) checkOwnBearer(h http.Header) webhook.Code {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	switch {
	case !strings.EqualFold(scheme, "Bearer") || token == "":
		return webhook.NoOwnToken
	case !webhook.TokenEqual(strings.TrimSpace(token), s.token):
		return webhook.WrongOwnToken
	}
	return webhook.Success
}

// maxInline limits the time that task.inline_ms can ask for, so that it stays
// below the time limit of an answer.
const maxInline = time.Minute

func newHTTPServer(h http.Handler, o Options) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: min(10*time.Second, o.ReadTimeout),
		ReadTimeout:       o.ReadTimeout,
		WriteTimeout:      o.ReadTimeout + maxInline + 30*time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    bounds.RequestHeader,
		ErrorLog:          o.Logger.StandardLogger(&hclog.StandardLoggerOptions{ForceLevel: hclog.Debug}),
	}
}

// errExposed keeps tokens off the network. It concerns only workers that were
// started by hand: for a launched worker the initiator has checked the
// address, under its own key insecure.
var errExposed = errors.New("beyond loopback other machines can read tokens and data; use 127.0.0.1, or set insecure = true")

func checkExposed(g startConfig) error {
	if g.launched || g.insecure || loopback.IsHost(g.addr) {
		return nil
	}
	return &UsageError{fmt.Errorf("listen on %s: %w", g.addr, errExposed)}
}

// openListener uses the passed socket, or opens a socket. Go sets SO_REUSEADDR
// on its listeners, which lets them bind to a port that the initiator has
// reserved.
func openListener(g startConfig, in passedFDs) (net.Listener, error) {
	l, err := in.openListener()
	if l != nil || err != nil {
		return l, err
	}
	if err := checkExposed(g); err != nil {
		return nil, err
	}
	l, err = net.Listen("tcp", net.JoinHostPort(g.addr, strconv.Itoa(max(g.port, 0))))
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}
