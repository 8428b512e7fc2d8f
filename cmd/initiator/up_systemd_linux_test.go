package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/client"
)

// listenAsSystemd returns the socket of a service manager, whose address is
// NOTIFY_SOCKET.
func listenAsSystemd(t *testing.T, dir string) *net.UnixConn {
	t.Helper()
	path := filepath.Join(dir, "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return c
}

// awaitMessage reads messages up to one with that text, and returns all of them.
func awaitMessage(t *testing.T, c *net.UnixConn, text string) (all string) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(testTimeout)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		if err != nil {
			t.Fatalf("no %s: %v; the messages are:\n%s", text, err, all)
		}
		all += string(buf[:n]) + "\n"
		if strings.Contains(string(buf[:n]), text) {
			return all
		}
	}
}

func TestSystemdGetsReadyAndStopping(t *testing.T) {
	dir := newTestDirectory(t, sleeper)
	c := listenAsSystemd(t, dir)
	t.Setenv("WATCHDOG_USEC", "200000")
	p := startProcess(t, dir, "up")
	if all := awaitMessage(t, c, "READY=1"); !strings.Contains(all, "READY=1\nSTATUS=1 of 1 worker ready") || strings.Contains(all, "STOPPING") {
		t.Errorf("the messages are:\n%s", all)
	}
	for range 3 {
		awaitMessage(t, c, "WATCHDOG=1")
	}
	p.sendSignal(syscall.SIGHUP)
	all := awaitMessage(t, c, "RELOADING=1\nMONOTONIC_USEC=")
	if strings.Contains(all, "READY=1") {
		t.Errorf("READY was sent twice:\n%s", all)
	}
	awaitMessage(t, c, "READY=1\nSTATUS=1 of 1 worker ready")
	p.sendSignal(syscall.SIGTERM)
	awaitMessage(t, c, "STOPPING=1")
	p.expectExit(0)
}

// READY does not wait for ever for a worker that never becomes ready.
func TestSystemdGetsReadyDespiteACrashLoop(t *testing.T) {
	dir := newTestDirectory(t, sleeper+"[worker:gone]\ncontract = off\nautorestart = true\nrestart_delay = 10ms\nrestart_limit = 1000/1s\ncommand = false\n")
	c := listenAsSystemd(t, dir)
	p := startProcess(t, dir, "up")
	if all := awaitMessage(t, c, "READY=1"); !strings.Contains(all, "STATUS=1 of 2 workers ready; gone is") {
		t.Errorf("the messages are:\n%s", all)
	}
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
}

// The variables of the service manager reach no worker.
func TestWorkersDoNotInheritTheNotifySocket(t *testing.T) {
	dir := newTestDirectory(t, sleeper)
	c := listenAsSystemd(t, dir)
	t.Setenv("WATCHDOG_USEC", "60000000")
	t.Setenv("LISTEN_FDS", "1")
	t.Setenv("LISTEN_PID", "1") // another's
	p := startProcess(t, dir, "up")
	awaitMessage(t, c, "READY=1")
	below := processesIn(dir)
	if len(below) != 3 { // up, the keeper, the worker
		t.Errorf("processes: %q", below)
	}
	for _, line := range below {
		pid, _, _ := strings.Cut(line, " ")
		if pid == fmt.Sprint(p.cmd.Process.Pid) {
			continue
		}
		environ, err := os.ReadFile("/proc/" + pid + "/environ")
		if err != nil {
			t.Error(err)
		}
		for _, name := range []string{"NOTIFY_SOCKET=", "WATCHDOG_USEC=", "LISTEN_FDS=", "LISTEN_PID="} {
			if strings.Contains("\x00"+string(environ), "\x00"+name) {
				t.Errorf("%s is shown to %s", name, line)
			}
		}
	}
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
}

// startActivated runs the program with open sockets, as systemd does.
func startActivated(t *testing.T, dir string, sockets []*os.File, args ...string) *testProcess {
	t.Helper()
	const activate = `LISTEN_FDS=$1 LISTEN_PID=$$; export LISTEN_FDS LISTEN_PID; shift; exec "$@"`
	cmd := exec.Command("sh", append([]string{"-c", activate, "sh", fmt.Sprint(len(sockets)), "initiator"}, args...)...)
	cmd.ExtraFiles = sockets
	return beginProcess(t, dir, cmd)
}

func TestTheAPIIsServedOnPassedSockets(t *testing.T) {
	for _, args := range [][]string{{"up"}, {"up", "--init"}} {
		dir := newTestDirectory(t, sleeper)
		tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer tcp.Close()
		path := filepath.Join(dir, "api.sock")
		unix, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close()
		p := startActivated(t, dir, []*os.File{fileOf(t, tcp), fileOf(t, unix)}, args...)
		// A request that arrives before the start is answered.
		res, err := http.Get("http://" + tcp.Addr().String() + "/healthz")
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("healthz: %v, %v", res, err)
		}
		res.Body.Close()
		http.DefaultClient.CloseIdleConnections()
		c := client.New(path)
		defer c.Close()
		if s, err := c.Status(t.Context()); err != nil || s.URL != "http://"+tcp.Addr().String() {
			t.Errorf("status: %+v, %v", s, err)
		}
		p.awaitReady() // over the socket in the state directory
		p.sendSignal(syscall.SIGTERM)
		p.expectExit(0)
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("systemd's socket was removed: %v", err)
		}
	}
}

// After an upgrade the next program listens on the same sockets and notifies
// the manager.
func TestSystemdGetsMessagesAfterAnUpgrade(t *testing.T) {
	dir := newTestDirectory(t, sleeper)
	c := listenAsSystemd(t, dir)
	t.Setenv("WATCHDOG_USEC", "400000")
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	p := startActivated(t, dir, []*os.File{fileOf(t, tcp)}, "up")
	awaitMessage(t, c, "READY=1")
	startProcess(t, dir, "upgrade").expectExitOnly(0)
	awaitMessage(t, c, "READY=1")
	awaitMessage(t, c, "WATCHDOG=1")
	if s, err := p.newClient().Status(t.Context()); err != nil || s.Generation != 1 || s.URL != "http://"+tcp.Addr().String() {
		t.Errorf("status: %+v, %v", s, err)
	}
	p.sendSignal(syscall.SIGTERM)
	awaitMessage(t, c, "STOPPING=1")
	p.expectExit(0)
}

func fileOf(t *testing.T, l interface{ File() (*os.File, error) }) *os.File {
	t.Helper()
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestAPassedFileThatIsNoSocketIsRefused(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if text := startActivated(t, newTestDirectory(t, sleeper), []*os.File{null}, "up").expectExit(2); !strings.Contains(text, "descriptor 3 is not a listening TCP or unix socket") {
		t.Errorf("stderr is %s", text)
	}
}
