package limits

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/limits/limitstest"
	"initiator/internal/plan"
)

// TestUnenforced: the warning names the limits that are not in force, and why.
func TestUnenforced(t *testing.T) {
	all := plan.Limits{MemoryMax: 1 << 30, CPUMax: 1.5, PidsMax: 7}
	for _, c := range []struct {
		missing  map[string]string
		want     plan.Limits
		warning  string
		settings string
	}{
		{nil, all, "", "memory.max=1073741824 memory.oom.group=1 cpu.max=150000 100000 pids.max=7"},
		{map[string]string{"memory": "v1 has it"}, all, "memory_max is not in force: v1 has it", "cpu.max=150000 100000 pids.max=7"},
		{map[string]string{"memory": "a", "cpu": "b", "pids": "a"}, all, "memory_max and pids_max are not in force: a; cpu_max is not in force: b", ""},
		{map[string]string{"memory": "a"}, plan.Limits{PidsMax: 1}, "", "pids.max=1"},
		{nil, plan.Limits{CPUMax: 0.001}, "", "cpu.max=1000 100000"}, // the least that the kernel accepts
	} {
		tree := &CgroupTree{dir: "/x", missing: c.missing}
		if got := tree.unenforced(c.want); got != c.warning {
			t.Errorf("%q, want %q", got, c.warning)
		}
		if got := strings.Join(tree.settings(c.want), " "); got != c.settings {
			t.Errorf("%q, want %q", got, c.settings)
		}
	}
}

// TestMoveIntoLeaf: the initiator's own processes make room for controllers;
// when a foreign process lives in the cgroup, all processes stay.
func TestMoveIntoLeaf(t *testing.T) {
	base := limitstest.CgroupBase(t)
	enter := func(pid int) {
		t.Helper()
		if err := os.WriteFile(base+"/cgroup.procs", []byte(strconv.Itoa(pid)), 0); err != nil {
			t.Fatal(err)
		}
	}
	child := exec.Command("/bin/sleep", "1000")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	enter(child.Process.Pid)
	err := moveIntoLeaf(base)
	where := readWords(base + "/initiator/cgroup.procs")
	if err != nil || len(where) != 1 || where[0] != strconv.Itoa(child.Process.Pid) {
		t.Errorf("%v; in the leaf: %v", err, where)
	}
	foreign := orphan(t)
	enter(foreign)
	if err := moveIntoLeaf(base); err == nil || !strings.Contains(err.Error(), "process "+strconv.Itoa(foreign)) {
		t.Errorf("a foreign was moved: %v", err)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	if err := syscall.Kill(foreign, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	removed(t, base+"/initiator")
	settled(t, base)
}

// orphan returns a process whose parent has died.
func orphan(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", "sleep 1000 >/dev/null & echo $!")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// settled waits until a cgroup holds no process, and removed then removes it.
func settled(t *testing.T, dir string) {
	t.Helper()
	events, err := os.Open(dir + "/cgroup.events")
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	for {
		text := make([]byte, 256)
		n, err := events.ReadAt(text, 0)
		if n == 0 && err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text[:n]), "populated 0") {
			return
		}
		// The kernel signals a change of the file.
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(events.Fd()), Events: unix.POLLPRI}}, int((20 * time.Second).Milliseconds())); err != nil && err != unix.EINTR {
			t.Fatal(err)
		}
	}
}

func removed(t *testing.T, dir string) {
	t.Helper()
	settled(t, dir)
	if err := os.Remove(dir); err != nil {
		t.Error(err)
	}
}
