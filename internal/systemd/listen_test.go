package systemd

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestPassed(t *testing.T) {
	for _, c := range []struct {
		fds, pid string
		want     int
		bad      bool
	}{
		{"", "7", 0, false},
		{"2", "7", 2, false},
		{"2", "", 0, false}, // as sd_listen_fds has it
		{"2", "8", 0, false},
		{"0", "7", 0, false},
		{"-1", "7", 0, true},
		{"many", "7", 0, true},
		{"100000", "7", 0, true},
	} {
		got, err := CountPassed(env(map[string]string{"LISTEN_FDS": c.fds, "LISTEN_PID": c.pid}), 7)
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%q for %q: got %d, %v", c.fds, c.pid, got, err)
		}
	}
}

// fileOf gives a descriptor of a listener that is not its own.
func fileOf(t *testing.T, l interface{ File() (*os.File, error) }) *os.File {
	t.Helper()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestListenerOfADescriptor(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	l, err := listenerFor(int(fileOf(t, tcp.(*net.TCPListener)).Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Addr().String() != tcp.Addr().String() {
		t.Errorf("it listens on %v, not on %v", l.Addr(), tcp.Addr())
	}
	answer(t, l)
}

// answer demands that who connects is accepted.
func answer(t *testing.T, l net.Listener) {
	t.Helper()
	accepted := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			err = c.Close()
		}
		accepted <- err
	}()
	c, err := new(net.Dialer).DialContext(context.Background(), l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("read: %v", err)
	}
	if err := <-accepted; err != nil {
		t.Error(err)
	}
}

func TestAUnixSocketStaysWhenItIsClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	made, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer made.Close()
	l, err := listenerFor(int(fileOf(t, made.(*net.UnixListener)).Fd()))
	if err != nil {
		t.Fatal(err)
	}
	answer(t, l)
	l.Close()
	if _, err := os.Stat(path); err != nil {
		t.Errorf("another's socket was removed: %v", err)
	}
}

func TestWhatIsNoListenerIsRefused(t *testing.T) {
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := listenerFor(int(f.Fd())); !errors.Is(err, errNotListening) {
		t.Errorf("/dev/null: %v", err)
	}
	gram, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "g"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer gram.Close()
	if _, err := listenerFor(int(fileOf(t, gram).Fd())); !errors.Is(err, errNotListening) {
		t.Errorf("a datagram socket: %v", err)
	}
}

// FuzzCountPassed: a number of descriptors is taken only when it is a number within
// the bound, and only by the process that the variables name.
func FuzzCountPassed(f *testing.F) {
	for _, seed := range [][2]string{{"1", "7"}, {"", "7"}, {"1", ""}, {"1025", "7"}, {"-1", "7"}, {"+2", "7"}, {"0x1", "07"}, {"1 ", " 7"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, fds, pid string) {
		n, err := CountPassed(env(map[string]string{"LISTEN_FDS": fds, "LISTEN_PID": pid}), 7)
		switch {
		case n < 0 || n > maxFDs || err != nil && n != 0:
			t.Errorf("%q: %d descriptors, %v", fds, n, err)
		case pid != "7" && (n != 0 || err != nil):
			t.Errorf("%q for process %q: %d, %v", fds, pid, n, err)
		case pid == "7" && n > 0 && strings.TrimLeft(fds, "+0") != strconv.Itoa(n):
			t.Errorf("%q is read as %d", fds, n)
		}
	})
}
