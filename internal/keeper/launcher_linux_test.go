package keeper

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// orderListener orders a program that is given the held socket by systemd's
// protocol.
func orderListener(guid, path string, args ...string) SpawnOrder {
	s := orderCommand(guid, append([]string{path}, args...)...)
	s.PassSocket, s.ListenFDs, s.NoFDs = true, true, true
	return s
}

// TestListenFDs: the program has the socket as descriptor 3 and nothing else, and
// the variables name its own process. Limits, the umask and the signal at the
// keeper's death are as without the launcher.
func TestListenFDs(t *testing.T) {
	t.Parallel()
	held, stream := sockets(t)
	h := newTestKeeper(t)
	if err := h.HoldSocket("w", held); err != nil {
		t.Fatal(err)
	}
	s := orderAct("w", "fds")
	s.PassSocket, s.ListenFDs, s.NoFDs, s.Stream = true, true, true, stream
	h.spawnWorker(s)
	h.awaitKind("w", KindExited)
	if lines := h.linesOf("w"); len(lines) != 5 || lines[0] != "" || lines[4] != describeFD(t, 3, held) {
		t.Errorf("it has %q, want %s", lines, describeFD(t, 3, held))
	}

	s = orderListener("w", "sh", "-c", `echo "$LISTEN_FDS $LISTEN_PID $(umask) $(ulimit -n)"; exec sleep 1000`)
	s.Incarnation, s.Umask, s.NoFile = 2, 0o027, 99
	pid := h.spawnWorker(s).PID
	h.awaitLine("w", fmt.Sprintf("1 %d 0027 99", pid))
	end := awaitExit(t, pid)
	if err := syscall.Kill(h.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-end
	checkGone(t, pid)
}

func (h *testKeeper) linesOf(guid string) (lines []string) {
	for _, e := range h.seen {
		if e.GUID == guid {
			lines = append(lines, e.Lines...)
		}
	}
	return lines
}

// TestListenFDsOfAProgramThatCannotRun: the error of the second exec is that of the
// spawn, with the same words.
func TestListenFDsOfAProgramThatCannotRun(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("no program"), 0o700); err != nil {
		t.Fatal(err)
	}
	held, _ := sockets(t)
	h := newTestKeeper(t)
	var errors []string
	for i, order := range []SpawnOrder{orderCommand("w", path), orderListener("w", path)} {
		if err := h.HoldSocket("w", held); err != nil {
			t.Fatal(err)
		}
		order.Incarnation = i + 1
		if err := h.Spawn(order); err != nil {
			t.Fatal(err)
		}
		failed := h.awaitEvent("its failure", func(e Event) bool { return e.Kind == KindSpawnFailed && e.Incarnation == i+1 })
		errors = append(errors, failed.Error)
	}
	if errors[0] != errors[1] || !strings.Contains(errors[1], "script without a #! line") {
		t.Errorf("directly %q\nby the launcher %q", errors[0], errors[1])
	}
	h.spawnWorker(orderCommand("next", "sleep", "1000")) // the fork thread goes on
}

// TestShareSocket: a worker is given a copy of the socket of another worker, which
// stays open when the other worker gives up its own.
func TestShareSocket(t *testing.T) {
	t.Parallel()
	held, _ := sockets(t)
	h := newTestKeeper(t)
	if err := h.HoldSocket("a", held); err != nil {
		t.Fatal(err)
	}
	for _, step := range []error{h.ShareSocket("b", "a"), h.ReleaseSocket("a"), h.ShareSocket("c", "b")} {
		if step != nil {
			t.Fatal(step)
		}
	}
	for _, guid := range []string{"b", "c"} {
		s := orderAct(guid, "fds")
		s.PassSocket = true
		h.spawnWorker(s)
		h.awaitKind(guid, KindExited)
		if lines := h.linesOf(guid); len(lines) == 0 || lines[0] != describeFD(t, 3, held) {
			t.Errorf("%s has %q, want %s", guid, lines, describeFD(t, 3, held))
		}
	}
	if err := h.ShareSocket("d", "a"); err != nil {
		t.Fatal(err)
	}
	if w := h.awaitKind("d", KindWarning); w.Error == "" {
		t.Error("a socket that is not held was shared")
	}
}

// TestLauncherNeedsItsPipe: the name alone does not make a program the launcher.
func TestLauncherNeedsItsPipe(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("/proc/self/exe", "/bin/echo", "echo", "launched")
	cmd.Args[0] = launcherName
	cmd.Env = append(os.Environ(), quickExit, actVariable+"=print")
	out, err := cmd.CombinedOutput()
	if err != nil || string(out) != "/bin/echo echo launched" {
		t.Errorf("it wrote %q, %v", out, err)
	}
}
