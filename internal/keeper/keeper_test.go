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
	h := newHouse(t)
	hello := h.until("hello", func(e Event) bool { return e.Kind == KindHello })
	if hello.PID != h.PID() || hello.Version != Version {
		t.Errorf("hello of %d, version %d; want %d, %d", hello.PID, hello.Version, h.PID(), Version)
	}
	spawned := h.spawn(bad("w", "exit", "7"))
	if spawned.PID == 0 || spawned.StartTime == 0 {
		t.Errorf("spawned without pid or start time: %+v", spawned)
	}
	if e := h.event("w", KindExited); e.Code != 7 || e.Signal != 0 || e.Survivors != 0 || e.MaxRSS == 0 {
		t.Errorf("exited = %+v, want code 7, nothing left, a resident set", e)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	lost := h.until("lost", func(e Event) bool { return e.Kind == KindLost })
	if lost.Error != "exit status 0" {
		t.Errorf("lost with %q", lost.Error)
	}
	if err := h.Spawn(bad("late", "exit", "0")); err == nil {
		t.Error("spawn after close gave no error")
	}
}

func TestKilledBySignal(t *testing.T) {
	h := newHouse(t)
	s := h.spawn(bad("w", "sleep"))
	syscall.Kill(s.PID, syscall.SIGKILL)
	if e := h.event("w", KindExited); e.Code != -1 || e.Signal != int(syscall.SIGKILL) {
		t.Errorf("exited = %+v, want code -1 and signal 9", e)
	}
}

func TestEnds(t *testing.T) {
	tests := []struct {
		name, act string
		args      []string
		ready     string // the line that says it has settled; then maybe a pid
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
	h := newHouse(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			guid := strings.ReplaceAll(tt.name, " ", "-")
			s := bad(guid, tt.act, tt.args...)
			if tt.act == "ignore-nothing-print" {
				s = plain(guid, "sleep", "1000")
			}
			leader := h.spawn(s).PID
			pids := []int{leader}
			if rest := ""; tt.ready != "" {
				if rest = h.line(guid, tt.ready); rest != "" {
					pids = append(pids, number(t, rest))
				}
			}
			h.t = t
			e := h.end(guid, syscall.SIGTERM, tt.wait)
			if !e.EmptyProven || (e.Killed > 0) != tt.killed {
				t.Errorf("emptied = %+v, want proven, killed %v", e, tt.killed)
			}
			for _, pid := range pids {
				gone(t, pid)
			}
		})
	}
}

func TestEndOfTheUnknownIsEmptied(t *testing.T) {
	h := newHouse(t)
	if e := h.end("nobody", syscall.SIGTERM, deadline); !e.EmptyProven {
		t.Errorf("emptied = %+v, want proven", e)
	}
}

func TestSecondEndHurries(t *testing.T) {
	h := newHouse(t)
	h.spawn(bad("w", "ignore-term"))
	h.line("w", "deaf")
	if err := h.End(EndOrder{GUID: "w", Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if e := h.end("w", 0, 0); e.Killed != 1 {
		t.Errorf("emptied = %+v, want one killed", e)
	}
}

func TestExitTellsWhatIsLeftAndWhenItIsEmpty(t *testing.T) {
	h := newHouse(t)
	h.spawn(bad("w", "hold-pipe"))
	daemon := number(t, h.line("w", "daemon "))
	if e := h.event("w", KindExited); e.Survivors != 1 || e.Code != 0 {
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
	if e := h.event("w", KindEmptied); !e.EmptyProven || e.Killed != 0 {
		t.Errorf("emptied = %+v, want proven and none killed", e)
	}
}

// A stray belongs to nobody: it says so in Strays and dies with the keeper.
func TestStray(t *testing.T) {
	h := newHouse(t)
	leader := h.spawn(bad("w", "daemon", "bare")).PID
	stray := number(t, h.line("w", "daemon "))
	syscall.Kill(leader, syscall.SIGKILL)
	h.event("w", KindExited)
	if e := h.end("w", syscall.SIGTERM, deadline); e.EmptyProven || len(e.Unattributed) != 1 {
		t.Errorf("emptied = %+v, want not proven and one stray", e)
	}
	if !alive(stray) {
		t.Error("the stray was killed with a worker that it may not belong to")
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	gone(t, stray)
}

func TestSpawnsThatFail(t *testing.T) {
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
	}{
		{"missing", plain("w", dir+"/none"), "is missing"},
		{"not in PATH", plain("w", "no-such-program"), "not found in PATH"},
		{"empty", plain("w", ""), "command is empty"},
		{"nothing", plain("w"), "command is empty"},
		{"directory", plain("w", dir), "is a directory"},
		{"not executable", plain("w", write("plain", "x", 0o600)), "chmod +x"},
		{"wrong architecture", plain("w", write("strange", "\x7fELF\x02\x01\x01strange", 0o700)), "another machine"},
		{"missing interpreter", plain("w", write("script", "#!/no/such/shell\n", 0o700)), "interpreter"},
		{"no socket held", SpawnOrder{GUID: "w", Argv: []string{"/bin/true"}, PassSocket: true, Umask: -1}, "HoldSocket must come before"},
		{"no directory", SpawnOrder{GUID: "w", Argv: []string{"/bin/true"}, Dir: dir + "/none", Umask: -1}, "create it"},
		{"no cgroup", SpawnOrder{GUID: "w", Argv: []string{"/bin/true"}, CgroupDir: dir + "/none/none", Umask: -1}, "cgroup"},
	}
	h := newHouse(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := h.Spawn(tt.spawn); err != nil {
				t.Fatal(err)
			}
			if e := h.event("w", KindSpawnFailed); !strings.Contains(e.Error, tt.want) {
				t.Errorf("error %q, want %q in it", e.Error, tt.want)
			}
		})
	}
	h.spawn(plain("after", "true"))
}

func TestNULIsRefused(t *testing.T) {
	h := newHouse(t)
	if err := h.Spawn(plain("w", "a\x00b")); err == nil {
		t.Error("a NUL in the arguments was taken")
	}
}

// The host program's own children are its own.
func TestHostProgramKeepsItsChildren(t *testing.T) {
	h := newHouse(t)
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
		s := plain("w", "true")
		s.Incarnation = i + 1
		if err := h.Spawn(s); err != nil {
			t.Fatal(err)
		}
		h.event("w", KindExited)
	}
	group.Wait()
}
