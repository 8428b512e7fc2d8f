//go:build unix

package client_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/internal/testlength"
)

// cutProxy passes connections of a client to the socket of an initiator, and can cut
// them.
type cutProxy struct {
	socket string
	behind string
	l      net.Listener
	all    sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]bool
	count int
	mute  bool // the initiator's bytes are dropped
}

func startCutProxy(t testing.TB, behind string) *cutProxy {
	t.Helper()
	p := &cutProxy{socket: filepath.Join(t.TempDir(), "s"), behind: behind, open: map[net.Conn]bool{}}
	var err error
	if p.l, err = net.Listen("unix", p.socket); err != nil {
		t.Fatal(err)
	}
	p.all.Go(p.acceptConns)
	t.Cleanup(p.stopProxy)
	return p
}

func (p *cutProxy) acceptConns() {
	for {
		near, err := p.l.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		behind := p.behind
		p.mu.Unlock()
		far, err := net.Dial("unix", behind)
		if err != nil {
			near.Close()
			continue
		}
		p.mu.Lock()
		p.open[near], p.open[far] = true, true
		p.count++
		p.mu.Unlock()
		p.all.Go(func() { p.copyBytes(far, near, far) })
		p.all.Go(func() { p.copyBytes(near, far, mutedWriter{p, near}) })
	}
}

func (p *cutProxy) copyBytes(to, from net.Conn, through io.Writer) {
	_, _ = io.Copy(through, from)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range []net.Conn{to, from} {
		delete(p.open, c)
		c.Close()
	}
}

// mutedWriter drops the initiator's bytes while the proxy is mute.
type mutedWriter struct {
	p *cutProxy
	w io.Writer
}

func (m mutedWriter) Write(b []byte) (int, error) {
	m.p.mu.Lock()
	mute := m.p.mute
	m.p.mu.Unlock()
	if mute {
		return len(b), nil
	}
	return m.w.Write(b)
}

// setMute begins or ends to drop the initiator's bytes.
func (p *cutProxy) setMute(mute bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = mute
}

// cutConns closes every connection. New connections are accepted.
func (p *cutProxy) cutConns() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

// stopProxy closes the socket and every connection.
func (p *cutProxy) stopProxy() {
	_ = p.l.Close()
	p.cutConns()
	p.all.Wait()
}

// connCount returns the number of connections that were opened.
func (p *cutProxy) connCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count
}

// openStreamThroughProxy opens a stream through a cutProxy.
func openStreamThroughProxy(t testing.TB, behind string, options ...client.Option) (*cutProxy, *client.TaskStream) {
	t.Helper()
	p := startCutProxy(t, behind)
	c := client.New(p.socket, options...)
	s, err := c.OpenStream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		c.Close()
	})
	return p, s
}

// isLostConnection reports whether an error is a *client.LostConnectionError.
func isLostConnection(err error) bool {
	var lost *client.LostConnectionError
	return errors.As(err, &lost)
}

func readToken(in *initiatortest.Server) ([]byte, error) {
	token, err := os.ReadFile(filepath.Join(in.Initiator().StateDir(), "token"))
	return bytes.TrimSpace(token), err
}

// serveOnSocket serves a handler on a new socket.
func serveOnSocket(t *testing.T, h http.Handler) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h, ReadHeaderTimeout: testlength.Patience}}
	s.Start()
	t.Cleanup(s.Close)
	return socket
}
