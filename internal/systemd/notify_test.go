package systemd

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// manager is the other end: the socket that systemd reads.
func manager(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func hear(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestNotifierSaysItInOneMessage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	c := manager(t, path)
	n, err := NewNotifier(env(map[string]string{"NOTIFY_SOCKET": path}))
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Send(Ready, StatusText("two\nlines"), ExtendTimeout(1500*time.Microsecond)); err != nil {
		t.Fatal(err)
	}
	if got, want := hear(t, c), "READY=1\nSTATUS=two lines\nEXTEND_TIMEOUT_USEC=1500"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := n.Send(ReloadBegins()); err != nil {
		t.Fatal(err)
	}
	if got := hear(t, c); !strings.HasPrefix(got, "RELOADING=1\nMONOTONIC_USEC=") {
		t.Errorf("got %q", got)
	}
}

func TestNotifierOfNobody(t *testing.T) {
	n, err := NewNotifier(env(nil))
	if n != nil || err != nil {
		t.Fatalf("got %v, %v", n, err)
	}
	if err := n.Send(Ready); err != nil {
		t.Error(err)
	}
	if _, err := NewNotifier(env(map[string]string{"NOTIFY_SOCKET": "vsock:2:1"})); err == nil {
		t.Error("a socket of a kind that is not known was taken")
	}
	gone := &Notifier{&net.UnixAddr{Name: filepath.Join(t.TempDir(), "none"), Net: "unixgram"}}
	if err := gone.Send(Ready); err == nil {
		t.Error("nobody is there, and it was said all the same")
	}
}

func TestManagerThatDoesNotReadIsNotWaitedForLong(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	manager(t, path)
	n := &Notifier{&net.UnixAddr{Name: path, Net: "unixgram"}}
	for range 100_000 { // its queue is shorter
		if err := n.Send(Alive); err != nil {
			return
		}
	}
	t.Error("no end of messages were taken that nobody reads")
}

func TestWatchdog(t *testing.T) {
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
		bad       bool
	}{
		{"", "", 0, false},
		{"3000000", "", 3 * time.Second, false},
		{"3000000", "7", 3 * time.Second, false},
		{"3000000", "8", 0, false},
		{"soon", "7", 0, true},
		{"soon", "8", 0, false},
		{"0", "7", 0, true},
		{"-1", "7", 0, true},
		{"9223372036854775807", "7", 0, true},
	} {
		got, err := WatchdogInterval(env(map[string]string{"WATCHDOG_USEC": c.usec, "WATCHDOG_PID": c.pid}), 7)
		if got != c.want || (err != nil) != c.bad {
			t.Errorf("%q of %q: got %v, %v", c.usec, c.pid, got, err)
		}
	}
}
