package api

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/internal/bounds"
	"initiator/internal/bytebudget"
	"initiator/internal/connbudget"
	"initiator/internal/loopback"
	"initiator/internal/stallguard"
)

// Options make a Server.
type Options struct {
	// Addr and Port are where TCP is served; port 0 takes any free port.
	Addr string
	Port int
	// Socket is the path of the unix socket; "" for none. SocketMode are its
	// permissions; 0 = 0600.
	Socket     string
	SocketMode os.FileMode
	// SocketGroup is the group of the socket; nil = the group of the process.
	SocketGroup *uint32
	// Token opens the API on TCP. A client of the unix socket needs none.
	Token string
	// Config is the absolute path of the INI, which clients of the unix socket get with
	// each answer; "" = none.
	Config string
	Logger hclog.Logger // nil = none
	// StallTimeout is how long a client may read nothing, although data is written
	// to its connection, before it loses the connection; 0 = 10 minutes.
	StallTimeout time.Duration
	// TLS, when not nil, is used on TCP.
	TLS *tls.Config
	// ResultBody is the length in bytes of the longest body with which a worker
	// reports the end of a task; 0 = bounds.ResultBody.
	ResultBody int64
	// Passed are listeners that another program has opened. At most one may be
	// TCP; it replaces Addr and Port. Close closes them and leaves a unix socket
	// where it is. When Listen fails they stay open.
	Passed []net.Listener
	// Own says that Passed is from an earlier program of this process (see
	// CopyListeners), and that Close removes the socket at Socket.
	Own bool
}

// Server listens from Listen on and answers once Serve was called. Listening
// comes first because workers have to be told the address before they start.
type Server struct {
	o          Options
	tcp        net.Listener
	unix       net.Listener   // at Options.Socket; nil = none
	others     []net.Listener // that were passed
	ownsSocket bool           // Close removes the socket at Options.Socket
	handedOver atomic.Bool    // another program goes on with all listeners
	token      *apiToken
	fallback   []net.Listener // of AddFallback
	http       *http.Server   // nil before Serve
	budget     *connbudget.Table
	bodies     *bytebudget.Table // of the bodies of clients' requests
	socketFile os.FileInfo       // of the socket at Options.Socket; nil = unknown
	serving    sync.WaitGroup    // counts the listeners that are served

	mu     sync.Mutex // guards http, unix, socketFile and closed
	closed bool
	// streams are the streams of clients, which http does not know.
	streams sync.WaitGroup
}

// Limits of a request that any client can make.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 60 * time.Second
	stallTimeout  = 10 * time.Minute // a person may read the answer in a pager
	idleTimeout   = 2 * time.Minute
)

// Listen opens the TCP port and the unix socket. A socket that a dead initiator
// has left is replaced; the error says so when another initiator answers there.
func Listen(o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	s := &Server{o: o, token: newAPIToken(o.Token), ownsSocket: o.Socket != "", bodies: bytebudget.NewTable(bounds.PeerBodies)}
	if err := s.adoptListeners(o.Passed); err != nil {
		return nil, err
	}
	if err := s.openListeners(); err != nil {
		return nil, err
	}
	s.ownsSocket = s.ownsSocket || o.Own
	s.noteSocket()
	return s, nil
}

// Port is the TCP port.
func (s *Server) Port() int { return s.tcp.Addr().(*net.TCPAddr).Port }

// URL is the base of the API on TCP, and of the webhooks that workers call.
func (s *Server) URL() string {
	scheme := "http"
	if s.o.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(reachableHost(s.o.Addr), strconv.Itoa(s.Port()))
}

// reachableHost turns an address that means "every interface" into an address to
// which a worker on this machine can connect.
func reachableHost(addr string) string {
	ip := net.ParseIP(addr)
	switch {
	case addr == "" || ip != nil && ip.To4() != nil && ip.IsUnspecified():
		return "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		return "::1"
	}
	return addr
}

// Serve begins to answer from s. It does not block, and may be called once.
func (s *Server) Serve(services *Services) {
	log := s.o.Logger.StandardLogger(&hclog.StandardLoggerOptions{InferLevels: true})
	life, end := context.WithCancel(context.Background())
	h := &handlers{
		Services: services, life: life, log: s.o.Logger, token: s.token, url: s.URL(),
		onLoopback: loopback.IsListener(s.tcp), openStreams: &s.streams,
		bodies: s.bodies, resultBody: cmp.Or(s.o.ResultBody, bounds.ResultBody), config: url.PathEscape(s.o.Config),
	}
	s.mu.Lock() // RestoreSocket waits
	defer s.mu.Unlock()
	s.http = &http.Server{
		Handler: newRouter(h), ErrorLog: log,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: bounds.RequestHeader, ConnContext: markUnixConn,
	}
	s.budget = connbudget.New(connbudget.Divide(connbudget.DescriptorLimit()), s.o.Logger)
	s.budget.AttachServer(s.http)
	s.http.RegisterOnShutdown(end) // otherwise Shutdown would wait for streams
	for _, l := range s.lockedListeners() {
		s.serve(l)
	}
	for _, l := range s.fallback {
		s.serve(l)
	}
}

// serve answers the connections of one listener until Close.
func (s *Server) serve(l net.Listener) {
	accepting := stallguard.Listener(s.budget.Listener(l), cmp.Or(s.o.StallTimeout, stallTimeout))
	if l == s.tcp && s.o.TLS != nil {
		accepting = tls.NewListener(accepting, s.o.TLS)
	}
	s.serving.Go(func() { _ = s.http.Serve(accepting) }) // http.ErrServerClosed, as requested
}

// Close stops listening, lets requests end for as long as ctx lasts, ends the
// streams, and removes the socket unless another program has replaced it.
func (s *Server) Close(ctx context.Context) {
	s.mu.Lock()
	s.closed = true // RestoreSocket makes no socket any more
	own := s.hasSocket()
	s.mu.Unlock()
	if s.http == nil {
		for _, l := range slices.Concat(s.allListeners(), s.fallback) {
			_ = l.Close() // no request was answered on it
		}
	} else {
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close()
		}
		s.streams.Wait()
		s.serving.Wait()
	}
	s.removeSocket(own)
}
