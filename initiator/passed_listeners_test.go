package initiator_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/initiator"
	"initiator/initiator/client"
)

const quiet = "[worker:resting]\ncommand = ${initiator:self} job echo\nautostart = false\n"

// openListener opens a socket as systemd does for an initiator.
func openListener(t *testing.T, network, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// newWithListeners writes an INI and makes an initiator with passed listeners.
func newWithListeners(t *testing.T, dir string, passed ...net.Listener) *initiator.Initiator {
	t.Helper()
	path := filepath.Join(dir, "initiator.ini")
	writeFile(t, path, quiet)
	in, err := initiator.New(initiator.Config{Path: path, Listeners: passed})
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestPassedListenersAreServedAndStay(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	state := filepath.Join(dir, ".initiator")
	if err := os.Mkdir(state, 0o700); err != nil {
		t.Fatal(err)
	}
	tcp := openListener(t, "tcp", "127.0.0.1:0")
	paths := []string{filepath.Join(state, "initiator.sock"), filepath.Join(dir, "other.sock")}
	in := newWithListeners(t, dir, tcp, openListener(t, "unix", paths[0]), openListener(t, "unix", paths[1]))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- in.Run(ctx) }()
	<-in.Started()

	if in.URL() != "http://"+tcp.Addr().String() {
		t.Errorf("workers are told %s, and it listens on %s", in.URL(), tcp.Addr())
	}
	res, err := http.Get(in.URL() + "/healthz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("over TCP: %v, %v", res, err)
	} else {
		res.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	for _, path := range paths {
		c := client.New(path)
		if _, err := c.Status(ctx); err != nil {
			t.Errorf("over %s: %v", path, err)
		}
		c.Close()
	}
	if err := in.Healthy(ctx); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	for _, path := range paths {
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("a passed socket was removed: %v", err)
		}
	}
}

func TestPassedListenersAreCheckedLikeOwn(t *testing.T) {
	t.Parallel()
	open := newWithListeners(t, t.TempDir(), openListener(t, "tcp", "0.0.0.0:0"))
	if err := open.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "beyond loopback") {
		t.Errorf("a socket beyond loopback: %v", err)
	}
	two := newWithListeners(t, t.TempDir(), openListener(t, "tcp", "127.0.0.1:0"), openListener(t, "tcp", "127.0.0.1:0"))
	if err := two.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "more than one TCP socket") {
		t.Errorf("two sockets: %v", err)
	}
}
