package api_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"initiator/internal/api"
)

// listenOnSocket returns a server whose socket is in a new directory.
func listenOnSocket(t *testing.T) (s *api.Server, socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "initiator.sock")
	s, err := api.Listen(api.Options{Addr: "127.0.0.1", Socket: socket})
	if err != nil {
		t.Fatal(err)
	}
	return s, socket
}

// Close removes the server's own socket and no other.
func TestCloseRemovesOwnSocket(t *testing.T) {
	t.Parallel()
	s, socket := listenOnSocket(t)
	s.Close(t.Context())
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its socket is left: %v", err)
	}
	s, socket = listenOnSocket(t)
	if err := os.Remove(socket); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	s.Close(t.Context())
	if _, err := os.Lstat(socket); err != nil {
		t.Errorf("the socket of another program was removed: %v", err)
	}
}

// A socket that was removed is made again, and Close removes it too.
func TestRestoreSocket(t *testing.T) {
	t.Parallel()
	s, socket := listenOnSocket(t)
	if restored, err := s.RestoreSocket(); restored || err != nil {
		t.Errorf("before Serve: %v, %v", restored, err)
	}
	s.Serve(&api.Services{})
	for range 2 {
		if restored, err := s.RestoreSocket(); restored || err != nil {
			t.Errorf("with its socket: %v, %v", restored, err)
		}
		if err := os.Remove(socket); err != nil {
			t.Fatal(err)
		}
		if restored, err := s.RestoreSocket(); !restored || err != nil {
			t.Errorf("without its socket: %v, %v", restored, err)
		}
		c := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}}
		res, err := c.Get("http://initiator/nowhere")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	s.Close(t.Context())
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its socket is left: %v", err)
	}
	if restored, err := s.RestoreSocket(); restored || err != nil {
		t.Errorf("after Close: %v, %v", restored, err)
	}
}
