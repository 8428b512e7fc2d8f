package keeper

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestHelloExitAndClose(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	hello := h.awaitEvent("hello", func(e Event) bool { return e.Kind == KindHello })
	if hello.PID != h.PID() || hello.Version != Version {
		t.Errorf("hello of %d, version %d; want %d, %d", hello.PID, hello.Version, h.PID(), Version)
	}
	spawned := h.spawnWorker(orderAct("w", "exit", "7"))
	if spawned.PID == 0 || spawned.StartTime == 0 {
		t.Errorf("spawned without pid or start time: %+v", spawned)
	}
	if e := h.awaitKind("w", KindExited); e.Code != 7 || e.Signal != 0 || e.Survivors != 0 || e.MaxRSS == 0 {
		t.Errorf("exited = %+v, want code 7, nothing left, a resident set", e)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	lost := h.awaitEvent("lost", func(e Event) bool { return e.Kind == KindLost })
	if lost.Error != "exit status 0" {
		t.Errorf("lost with %q", lost.Error)
	}
	if err := h.Spawn(orderAct("late", "exit", "0")); err == nil {
		t.Error("spawn after close gave no error")
	}
}

func TestKilledBySignal(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	s := h.spawnWorker(orderAct("w", "sleep"))
	syscall.Kill(s.PID, syscall.SIGKILL)
	if e := h.awaitKind("w", KindExited); e.Code != -1 || e.Signal != int(syscall.SIGKILL) {
		t.Errorf("exited = %+v, want code -1 and signal 9", e)
	}
}

func TestEndOrders(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, act string
		args      []string
		ready     string // the line it prints when it is set up; then maybe a pid
		wait      time.Duration
		killed    bool
	}{
		{"obeys TERM", "ignore-nothing-print", nil, "", deadline, false},
		{"ignores TERM", "ignore-term", nil, "deaf", 10 * time.Millisecond, true},
		{"stopped", "self-stop", nil, "stopping", deadline, false},
		{"setsid grandchild", "daemon", nil, "daemon ", deadline, false},
		{"setsid grandchild without marks", "daemon", []string{"bare"}, "daemon ", deadline, false},
		{"double fork and setsid", "escape", nil, "daemon ", deadline, false},
		{"leader gone, child in the group", "litter", nil, "daemon ", deadline, false},
		{"leader gone, child holds the pipe", "hold-pipe", nil, "daemon ", deadline, false},
	}
	h := newTestKeeper(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			guid := strings.ReplaceAll(tt.name, " ", "-")
			s := orderAct(guid, tt.act, tt.args...)
			if tt.act == "ignore-nothing-print" {
				s = orderCommand(guid, "sleep", "1000")
			}
			leader := h.spawnWorker(s).PID
			pids := []int{leader}
			if rest := ""; tt.ready != "" {
				if rest = h.awaitLine(guid, tt.ready); rest != "" {
					pids = append(pids, parsePID(t, rest))
				}
			}
			h.t = t
			e := h.endWorker(guid, syscall.SIGTERM, tt.wait)
			if !e.EmptyProven || (e.Killed > 0) != tt.killed {
				t.Errorf("emptied = %+v, want proven, killed %v", e, tt.killed)
			}
			for _, pid := range pids {
				checkGone(t, pid)
			}
		})
	}
}

func TestEndOfUnknownWorkerIsEmptied(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	if e := h.endWorker("nobody", syscall.SIGTERM, deadline); !e.EmptyProven {
		t.Errorf("emptied = %+v, want proven", e)
	}
}

func TestSecondEndHurries(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	h.spawnWorker(orderAct("w", "ignore-term"))
	h.awaitLine("w", "deaf")
	if err := h.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if e := h.endWorker("w", 0, 0); e.Killed != 1 {
		t.Errorf("emptied = %+v, want one killed", e)
	}
}

func TestExitReportsSurvivorsAndEmptied(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	h.spawnWorker(orderAct("w", "hold-pipe"))
	daemon := parsePID(t, h.awaitLine("w", "daemon "))
	if e := h.awaitKind("w", KindExited); e.Survivors != 1 || e.Code != 0 {
		t.Errorf("exited = %+v, want code 0 and one left", e)
	}
	said := ""
	for _, e := range h.seen {
		said += strings.Join(e.Lines, "\n")
	}
	if !strings.Contains(said, "last words without an end") {
		t.Errorf("output before the exit was %q", said)
	}
	syscall.Kill(daemon, syscall.SIGKILL)
	if e := h.awaitKind("w", KindEmptied); !e.EmptyProven || e.Killed != 0 {
		t.Errorf("emptied = %+v, want proven and none killed", e)
	}
}

// TestUnattributedProcess: a process whose worker is unknown is named in
// Unattributed and dies with the keeper.
func TestUnattributedProcess(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	leader := h.spawnWorker(orderAct("w", "daemon", "bare")).PID
	stray := parsePID(t, h.awaitLine("w", "daemon "))
	syscall.Kill(leader, syscall.SIGKILL)
	h.awaitKind("w", KindExited)
	if e := h.endWorker("w", syscall.SIGTERM, deadline); e.EmptyProven || len(e.Unattributed) != 1 {
		t.Errorf("emptied = %+v, want not proven and one stray", e)
	}
	if !alive(stray) {
		t.Error("the stray was killed with a worker that it may not belong to")
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	checkGone(t, stray)
}

func TestSpawnsThatFail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := dir + "/" + name
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name  string
		spawn SpawnOrder
		want  string
		errno string // "" = the error is not about the program
	}{
		{"missing", orderCommand("w", dir+"/none"), "does not exist: install it, or give its path", "ENOENT"},
		{"not in PATH", orderCommand("w", "no-such-program"), "not found in PATH", "ENOENT"},
		{"empty", orderCommand("w", ""), "command is empty", "ENOENT"},
		{"nothing", orderCommand("w"), "command is empty", "ENOENT"},
		{"directory", orderCommand("w", dir), "is a directory", "EISDIR"},
		{"not executable", orderCommand("w", write("plain", "x", 0o600)), "chmod +x", "EACCES"},
		{"wrong architecture", orderCommand("w", write("strange", "\x7fELF\x02\x01\x01strange", 0o700)), "another machine", "ENOEXEC"},
		{"missing interpreter", orderCommand("w", write("script", "#!/no/such/shell\n", 0o700)), "interpreter", "ENOENT"},
		{"no socket held", SpawnOrder{GUID: "w", Argv: []string{"/bin/true"}, PassSocket: true, Umask: -1}, "HoldSocket must come before", ""},
		{"no directory", SpawnOrder{GUID: "w", Argv: []string{"/bin/true"}, Dir: dir + "/none", Umask: -1}, "create it", "ENOENT"},
		{"no cgroup", SpawnOrder{GUID: "w", Argv: []string{"/bin/true"}, CgroupDir: dir + "/none/none", Umask: -1}, "cgroup", ""},
	}
	h := newTestKeeper(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := h.Spawn(tt.spawn); err != nil {
				t.Fatal(err)
			}
			if e := h.awaitKind("w", KindSpawnFailed); !strings.Contains(e.Error, tt.want) || e.Errno != tt.errno {
				t.Errorf("error %q (%s), want %q in it and %s", e.Error, e.Errno, tt.want, tt.errno)
			}
		})
	}
	h.spawnWorker(orderCommand("after", "true"))
}

func TestNULIsRefused(t *testing.T) {
	t.Parallel()
	h := newTestKeeper(t)
	if err := h.Spawn(orderCommand("w", "a\x00b")); err == nil {
		t.Error("a NUL in the arguments was taken")
	}
}

// TestHostProgramKeepsItsChildren: the keeper does not wait for children of the
// host program.
func TestHostProgramKeepsItsChildren(t *testing.T) {
	h := newTestKeeper(t)
	var group sync.WaitGroup
	for i := range 200 {
		want := i % 2
		group.Go(func() {
			cmd := exec.Command([]string{"true", "false"}[want])
			_ = cmd.Run()
			if got := cmd.ProcessState.ExitCode(); got != want {
				t.Errorf("exit code %d, want %d", got, want)
			}
		})
	}
	for i := range 20 {
		s := orderCommand("w", "true")
		s.Incarnation = i + 1
		if err := h.Spawn(s); err != nil {
			t.Fatal(err)
		}
		h.awaitKind("w", KindExited)
	}
	group.Wait()
}
