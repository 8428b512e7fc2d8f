package keeper

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// describeFD describes a descriptor as INITIATOR_FDS does.
func describeFD(t *testing.T, fd int, f *os.File) string {
	t.Helper()
	var st unix.Stat_t
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if err := raw.Control(func(fd uintptr) { err = unix.Fstat(int(fd), &st) }); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d:%d:%d", fd, st.Dev, st.Ino)
}

func sockets(t *testing.T) (held, stream *os.File) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	held, err = l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	stream, other, err := newSocketPair()
	if err != nil {
		t.Fatal(err)
	}
	other.Close()
	t.Cleanup(func() { held.Close(); stream.Close() })
	return held, stream
}

// TestDescriptors: a worker has descriptors 0 to 2, the descriptors 3 and 4 of
// its order, and no other descriptor of the keeper or of the host program.
func TestDescriptors(t *testing.T) {
	held, stream := sockets(t)
	leak, err := os.Open(os.DevNull) // a descriptor that the host program leaks
	if err != nil {
		t.Fatal(err)
	}
	defer leak.Close()
	raw, _ := leak.SyscallConn()
	_ = raw.Control(func(fd uintptr) { _, err = unix.FcntlInt(fd, unix.F_SETFD, 0) })
	if err != nil {
		t.Fatal(err)
	}
	three, four := describeFD(t, 3, held), describeFD(t, 4, stream)
	tests := []struct {
		name         string
		pass, stream bool
		none         bool
		want         []string
	}{
		{"neither", false, false, false, nil},
		{"held", true, false, false, []string{three}},
		{"stream", false, true, false, []string{four}},
		{"both", true, true, false, []string{three, four}},
		{"off the contract", true, true, true, nil},
	}
	h := newTestKeeper(t)
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			guid := fmt.Sprint("w", i)
			s := orderAct(guid, "fds")
			s.PassSocket, s.NoFDs = tt.pass, tt.none
			if tt.stream {
				s.Stream = stream
			}
			if err := h.HoldSocket(guid, held); err != nil {
				t.Fatal(err)
			}
			h.spawnWorker(s)
			h.awaitKind(guid, KindExited)
			var lines []string
			for _, e := range h.seen {
				if e.GUID == guid {
					lines = append(lines, e.Lines...)
				}
			}
			if len(lines) < 4 || lines[0] != strings.Join(tt.want, ",") {
				t.Fatalf("said %q, want INITIATOR_FDS=%q", lines, tt.want)
			}
			if got := strings.Join(lines[4:], ","); got != strings.Join(tt.want, ",") {
				t.Errorf("beyond 2 it has %q, want %q", got, tt.want)
			}
			if err := h.ReleaseSocket(guid); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestHeldSocketStaysOpen: a held socket outlives the process that had it.
func TestHeldSocketStaysOpen(t *testing.T) {
	held, _ := sockets(t)
	l, err := net.FileListener(held)
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	h := newTestKeeper(t)
	if err := h.HoldSocket("w", held); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		s := orderAct("w", "exit", "0")
		s.Incarnation, s.PassSocket = i+1, true
		h.spawnWorker(s)
		h.awaitKind("w", KindExited)
	}
	l.Close()
	held.Close()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatalf("connect while the keeper holds the socket: %v", err)
	}
	conn.Close()
	if err := h.ReleaseSocket("w"); err != nil {
		t.Fatal(err)
	}
	h.endWorker("nobody", 0, 0) // its answer comes after the release
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("the socket is open after Release")
	}
}

// TestLimitsOfAnotherUser: a root without special capabilities, as in a container,
// can limit a process of another user. What it cannot raise is reported with its
// key, and the process runs.
func TestLimitsOfAnotherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("NOT RUN: only root can start a worker as another user")
	}
	h := newConfinedKeeper(t)
	none := uint64(0)
	s := orderCommand("w", "sh", "-c", `echo "$(id -u) $(ulimit -n) $(ulimit -c) $(nice) $(grep NoNewPrivs /proc/self/status)"; exec sleep 1000`)
	s.SetUser, s.UID, s.GID = true, stranger, stranger
	s.NoFile, s.Core, s.Nice, s.NoNewPrivs = 99, &none, 19, true // a test may run with any priority
	pid := h.spawnWorker(s).PID
	h.awaitLine("w", "54321 99 0 19 NoNewPrivs:\t1")
	for _, e := range h.seen {
		if e.Kind == KindWarning {
			t.Error(e.Error)
		}
	}
	s = orderCommand("x", "sleep", "1000")
	s.SetUser, s.UID, s.GID, s.Nice = true, stranger, stranger, -5
	h.spawnWorker(s)
	if e := h.awaitKind("x", KindWarning); e.Setting != "nice" || e.Error != "nice = -5 is not in force: permission denied" {
		t.Errorf("%+v", e)
	}
	end := awaitExit(t, pid)
	if err := syscall.Kill(h.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-end // the change of the user has not undone the signal at the keeper's death
}

// newConfinedKeeper launches a keeper with the capabilities of Docker's default as
// far as limits are concerned. A thread of its own gives them up, and ends.
func newConfinedKeeper(t *testing.T) (h *testKeeper) {
	t.Helper()
	launched := make(chan struct{})
	go func() {
		defer close(launched)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for _, capability := range []uintptr{unix.CAP_SYS_RESOURCE, unix.CAP_SYS_NICE, unix.CAP_SYS_PTRACE} {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
				t.Error(err)
			}
		}
		h = newTestKeeper(t)
	}()
	<-launched
	return h
}

func TestLimits(t *testing.T) {
	h := newTestKeeper(t)
	none := uint64(0)
	s := orderCommand("w", "sh", "-c", `read x; echo "$(umask) $(ulimit -n) $(ulimit -c) $(nice)"`)
	s.Stdin = []byte("go\n")
	s.Umask, s.NoFile, s.Core, s.Nice = 0o027, 99, &none, 5
	h.spawnWorker(s)
	h.awaitKind("w", KindExited)
	said := ""
	for _, e := range h.seen {
		said += strings.Join(e.Lines, "\n") + e.Error
	}
	if said != "0027 99 0 5" {
		t.Errorf("limits are %q", said)
	}
	// The keeper's own umask and priority are as they were.
	h.spawnWorker(orderCommand("x", "sh", "-c", `umask; nice`))
	h.awaitKind("x", KindExited)
	if old := syscall.Umask(0); true {
		syscall.Umask(old)
		h.awaitFile("x", fmt.Sprintf("%04o", old))
	}
}

func (h *testKeeper) awaitFile(guid, line string) {
	h.t.Helper()
	for _, e := range h.seen {
		for _, l := range e.Lines {
			if e.GUID == guid && l == line {
				return
			}
		}
	}
	h.t.Errorf("%s did not say %q", guid, line)
}

func TestUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can start a worker as another user")
	}
	h := newTestKeeper(t)
	s := orderCommand("w", "sh", "-c", "id -u; id -g; exec sleep 1000")
	s.SetUser, s.UID, s.GID = true, 65534, 65534
	pid := h.spawnWorker(s).PID
	h.awaitLine("w", "65534")
	end := awaitExit(t, pid)
	syscall.Kill(h.PID(), syscall.SIGKILL)
	<-end // Pdeathsig works for another user too
	checkGone(t, pid)
}

func TestJustWrittenProgram(t *testing.T) {
	h := newTestKeeper(t)
	path := t.TempDir() + "/fresh"
	text, err := os.ReadFile("/bin/true")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := h.Spawn(orderCommand("busy", path)); err != nil {
		t.Fatal(err)
	}
	if e := h.awaitKind("busy", KindSpawnFailed); !strings.Contains(e.Error, "still being written") {
		t.Errorf("error %q", e.Error)
	}
	f.Close()
	h.spawnWorker(orderCommand("ready", path))
}
