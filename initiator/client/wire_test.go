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
)

// wire stands between a client and the socket of an initiator, and can be cut.
type wire struct {
	socket string
	behind string
	l      net.Listener
	all    sync.WaitGroup

	mu    sync.Mutex
	open  map[net.Conn]bool
	count int
}

func newWire(t testing.TB, behind string) *wire {
	t.Helper()
	w := &wire{socket: filepath.Join(t.TempDir(), "s"), behind: behind, open: map[net.Conn]bool{}}
	var err error
	if w.l, err = net.Listen("unix", w.socket); err != nil {
		t.Fatal(err)
	}
	w.all.Go(w.accept)
	t.Cleanup(w.gone)
	return w
}

func (w *wire) accept() {
	for {
		near, err := w.l.Accept()
		if err != nil {
			return
		}
		w.mu.Lock()
		behind := w.behind
		w.mu.Unlock()
		far, err := net.Dial("unix", behind)
		if err != nil {
			near.Close()
			continue
		}
		w.mu.Lock()
		w.open[near], w.open[far] = true, true
		w.count++
		w.mu.Unlock()
		w.all.Go(func() { w.pass(far, near) })
		w.all.Go(func() { w.pass(near, far) })
	}
}

func (w *wire) pass(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range []net.Conn{to, from} {
		delete(w.open, c)
		c.Close()
	}
}

// cut ends every connection.
func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.open {
		c.Close()
	}
}

// gone ends it for good.
func (w *wire) gone() {
	_ = w.l.Close()
	w.cut()
	w.all.Wait()
}

// opened is how many connections there have been.
func (w *wire) opened() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.count
}

// streamOver opens a stream through a wire.
func streamOver(t testing.TB, behind string) (*wire, *client.Stream) {
	t.Helper()
	w := newWire(t, behind)
	c := client.Unix(w.socket)
	s, err := c.Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.Close()
		c.Close()
	})
	return w, s
}

// isBroken says whether an error is the one of a lost connection.
func isBroken(err error) bool {
	var broken *client.LostConnectionError
	return errors.As(err, &broken)
}

func readToken(in *initiatortest.Initiator) ([]byte, error) {
	token, err := os.ReadFile(filepath.Join(in.StateDir(), "token"))
	return bytes.TrimSpace(token), err
}

// serving answers on a socket of its own.
func serving(t *testing.T, h http.Handler) (socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := &httptest.Server{Listener: l, Config: &http.Server{Handler: h, ReadHeaderTimeout: initiatortest.Patience}}
	s.Start()
	t.Cleanup(s.Close)
	return socket
}
