package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Options make a Server.
type Options struct {
	// Addr and Port are where TCP is served; port 0 takes any free one.
	Addr string
	Port int
	// Socket is the path of the unix socket; "" for none. SocketMode are its
	// permissions; 0 = 0600.
	Socket     string
	SocketMode os.FileMode
	// Token opens the API on TCP. Whoever may open the socket needs none.
	Token  string
	Logger hclog.Logger
	// TLS, when not nil, is used on TCP.
	TLS *tls.Config
	// Passed are listeners that somebody else has opened, at most one of them
	// TCP, which then stands for Addr and Port. Close closes them, and leaves
	// a unix socket where it is; when Listen fails they stay as they are.
	Passed []net.Listener
	// Own: those that were passed are from an earlier program of this process,
	// see Handover, and the socket at Socket is ours to remove.
	Own bool
}

// Server listens from Listen on and answers once Serve runs. Listening comes
// first because workers have to be told the address before they start.
type Server struct {
	o    Options
	tcp  net.Listener
	unix net.Listener // the one at Socket; nil = none
	own  bool         // … is ours to remove
	rest []net.Listener
	left atomic.Bool // another program goes on with all of them
	http *http.Server
	done chan error
	// streams are those of clients, of which http knows nothing.
	streams sync.WaitGroup
}

// Limits of a request that any client can make.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	headerLimit   = 64 << 10
	bodyLimit     = 64 << 20
)

// Listen opens the TCP port and the unix socket. A socket that a dead
// initiator has left is replaced; one that answers is not.
func Listen(o Options) (*Server, error) {
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	s := &Server{o: o, own: o.Socket != ""}
	if err := s.sort(o.Passed); err != nil {
		return nil, err
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	s.own = s.own || o.Own
	s.done = make(chan error, 2+len(s.rest))
	return s, nil
}

// open opens what was not passed.
func (s *Server) open() (err error) {
	given := s.tcp != nil
	if !given {
		s.tcp, err = net.Listen("tcp", net.JoinHostPort(s.o.Addr, strconv.Itoa(s.o.Port)))
		if err != nil {
			return fmt.Errorf("listen for the API: %w; choose another listen_port in [initiator], or 0 for any free one", err)
		}
	}
	if !s.own {
		return nil
	}
	if s.unix, err = listenUnix(s.o.Socket, s.o.SocketMode); err != nil && !given {
		_ = s.tcp.Close() // nobody was told of it
	}
	return err
}

// maxSocketPath is the longest path that a unix address holds on Linux.
const maxSocketPath = 107

func listenUnix(path string, mode os.FileMode) (net.Listener, error) {
	if mode == 0 {
		mode = 0o600
	}
	bind := path
	if len(path) > maxSocketPath {
		dir, err := os.Open(filepath.Dir(path))
		if err != nil {
			return nil, fmt.Errorf("listen on the socket: %w", err)
		}
		defer func() { _ = dir.Close() }()
		bind = fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path))
	}
	if c, err := net.DialTimeout("unix", bind, time.Second); err == nil {
		c.Close()
		return nil, fmt.Errorf("listen on %s: another initiator answers there", path)
	}
	if err := os.Remove(bind); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove the stale socket: %w", err)
	}
	l, err := net.Listen("unix", bind)
	if err != nil {
		return nil, fmt.Errorf("listen on the socket %s: %w", path, err)
	}
	// The path that was bound may lead through a descriptor that is about
	// to close: Close removes the socket by its real name.
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := os.Chmod(path, mode); err != nil {
		l.Close()
		return nil, fmt.Errorf("protect the socket: %w", err)
	}
	return l, nil
}

// Port is the TCP port.
func (s *Server) Port() int { return s.tcp.Addr().(*net.TCPAddr).Port }

// URL is the base of the API on TCP, and of the webhooks that workers call.
func (s *Server) URL() string {
	scheme := "http"
	if s.o.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + net.JoinHostPort(reachable(s.o.Addr), strconv.Itoa(s.Port()))
}

// reachable turns an address that means "every interface" into one that a
// worker on this machine can connect to.
func reachable(addr string) string {
	ip := net.ParseIP(addr)
	switch {
	case addr == "" || ip != nil && ip.To4() != nil && ip.IsUnspecified():
		return "127.0.0.1"
	case ip != nil && ip.IsUnspecified():
		return "::1"
	}
	return addr
}

// Serve begins to answer. It does not block.
func (s *Server) Serve(h House) {
	log := s.o.Logger.StandardLogger(&hclog.StandardLoggerOptions{InferLevels: true})
	life, end := context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler: router(life, h, s.o.Token, s.o.Logger, &s.streams), ErrorLog: log,
		ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: headerLimit, ConnContext: markUnix,
	}
	s.http.RegisterOnShutdown(end) // or streams would be waited for
	tcp := s.tcp
	if s.o.TLS != nil {
		tcp = tls.NewListener(tcp, s.o.TLS)
	}
	go func() { s.done <- s.http.Serve(tcp) }()
	for _, l := range s.beside() {
		go func() { s.done <- s.http.Serve(l) }()
	}
}

// Close stops listening, lets requests end for as long as ctx lasts, ends the
// streams, and removes the socket.
func (s *Server) Close(ctx context.Context) {
	if s.http == nil {
		_ = s.tcp.Close() // nothing was said on any
		for _, l := range s.beside() {
			_ = l.Close()
		}
	} else {
		if s.http.Shutdown(ctx) != nil {
			_ = s.http.Close()
		}
		s.streams.Wait()
		for range 1 + len(s.beside()) {
			<-s.done //nolint:errcheck // http.ErrServerClosed, as asked
		}
	}
	if s.own && !s.left.Load() {
		_ = os.Remove(s.o.Socket)
	}
}
