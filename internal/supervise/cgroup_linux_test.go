package supervise

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// cgroupBase is a cgroup of this test's own, which must be empty in the end.
func cgroupBase(t *testing.T) string {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if unix.Statfs(root, &st) != nil || st.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		dir, err := os.MkdirTemp(root, "supervise-test-")
		if err != nil {
			t.Skipf("NOT RUN: no cgroup can be made here: %v", err)
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Errorf("something is left in the cgroup: %v", err)
			}
		})
		return dir
	}
	t.Skip("NOT RUN: no cgroup v2 is mounted here")
	return ""
}

// TestUnenforced: the warning names what is not in force, and why.
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
		{nil, plan.Limits{CPUMax: 0.001}, "", "cpu.max=1000 100000"}, // the least that the kernel takes
	} {
		tree := &cgroups{dir: "/x", missing: c.missing}
		if got := tree.unenforced(c.want); got != c.warning {
			t.Errorf("%q, want %q", got, c.warning)
		}
		if got := strings.Join(tree.settings(c.want), " "); got != c.settings {
			t.Errorf("%q, want %q", got, c.settings)
		}
	}
}

// TestLimitsThatAreNotInForce is this machine as it is: whatever is not in
// force is said, once, and the workers run.
func TestLimitsThatAreNotInForce(t *testing.T) {
	s := open(t, planOf(spec("w", "wait", plain, func(sp *plan.Spec) {
		sp.Limits.MemoryMax, sp.Limits.CPUMax, sp.Limits.PidsMax, sp.Replicas = 1<<30, 1, 100, 3
	})))
	s.until("all ready", func(seen []Transition, _ []string) bool { return readyOnes(seen, 1) == 3 })
	s.close()
	tree := openCgroups("")
	defer tree.close()
	lacking := tree.unenforced(plan.Limits{MemoryMax: 1, CPUMax: 1, PidsMax: 1})
	if lacking == "" {
		t.Skip("NOT RUN: a machine without controllers: all of them are in force here")
	}
	t.Log(lacking)
	if log := s.log.String(); strings.Count(log, "not in force") != strings.Count(lacking, "not in force") || !strings.Contains(log, lacking) {
		t.Errorf("want %q in the log once:\n%s", lacking, log)
	}
}

// TestBornInACgroup: what escapes with another session, environment and parent
// is known by its cgroup, and the tree is as it was before.
func TestBornInACgroup(t *testing.T) {
	base := cgroupBase(t)
	s := open(t, planOf(spec("w", "", plain, func(sp *plan.Spec) {
		sp.Command = []string{"/bin/sh", "-c", "env -i setsid sleep 1000 & echo PID $!; exec sleep 1000"}
	})), func(o *Options) { o.CgroupBase = base })
	first := s.ready("w", 1)
	escaped := numberOf(t, s.line("PID "))
	where, err := os.ReadFile("/proc/" + strconv.Itoa(escaped) + "/cgroup")
	if err != nil || !strings.Contains(string(where), "/"+first.GUID+".1\n") {
		t.Errorf("it lives in %q, %v", where, err)
	}
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ready("w", 2)
	if alive(escaped) {
		t.Errorf("pid %d of the first incarnation lives beside the second", escaped)
	}
	if results, err := s.Stop(t.Context(), "w"); err != nil || !results[0].EmptyProven {
		t.Errorf("stop: %+v %v", results, err)
	}
	s.close()
	if left, _ := os.ReadDir(filepath.Join(base, "initiator-"+strconv.Itoa(os.Getpid()))); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// TestKeeperKilledWithCgroups: nothing that was born there survives it.
func TestKeeperKilledWithCgroups(t *testing.T) {
	base := cgroupBase(t)
	s := open(t, planOf(spec("w", "", plain, func(sp *plan.Spec) {
		sp.Command = []string{"/bin/sh", "-c", "env -i setsid sleep 1000 & echo PID $!; exec sleep 1000"}
	})), func(o *Options) { o.CgroupBase = base })
	s.ready("w", 1)
	escaped := numberOf(t, s.line("PID "))
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ready("w", 2)
	if alive(escaped) {
		t.Errorf("pid %d, which has no mark but its cgroup, is left", escaped)
	}
}

// TestStepAside: our own processes make room for controllers; a stranger, and
// we with it, stays where it is.
func TestStepAside(t *testing.T) {
	base := cgroupBase(t)
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
	err := stepAside(base)
	where := words(base + "/initiator/cgroup.procs")
	if err != nil || len(where) != 1 || where[0] != strconv.Itoa(child.Process.Pid) {
		t.Errorf("%v; in the leaf: %v", err, where)
	}
	stranger := orphan(t)
	enter(stranger)
	if err := stepAside(base); err == nil || !strings.Contains(err.Error(), "process "+strconv.Itoa(stranger)) {
		t.Errorf("a stranger was moved: %v", err)
	}
	_ = child.Process.Kill()
	_ = child.Wait()
	if err := syscall.Kill(stranger, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	removed(t, base+"/initiator")
	settled(t, base)
}

// orphan is a process whose parent has died.
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
	return numberOf(t, strings.TrimSpace(line))
}

// settled waits until a cgroup holds no process, and removed removes it then.
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
		// The kernel says when the file has changed.
		if _, err := unix.Poll([]unix.PollFd{{Fd: int32(events.Fd()), Events: unix.POLLPRI}}, int(patience.Milliseconds())); err != nil && err != unix.EINTR {
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

// TestOutOfMemory needs the memory controller.
func TestOutOfMemory(t *testing.T) {
	base := cgroupBase(t)
	tree := openCgroups(base)
	why := tree.missing["memory"]
	tree.close()
	if why != "" {
		t.Skipf("NOT RUN: a worker that the kernel kills for want of memory: %s", why)
	}
	s := open(t, planOf(spec("w", "", plain, func(sp *plan.Spec) {
		sp.Command, sp.Limits.MemoryMax, sp.Restart.Limit = []string{"/usr/bin/tail", "/dev/zero"}, 16<<20, 1
	})), func(o *Options) { o.CgroupBase = base })
	if tr := s.reaches("w", lifecycle.Fatal); s.one("w").LastExit.Class != lifecycle.ExitOutOfMemory {
		t.Error(tr.Reason)
	}
}

// TestKilledForMemoryByV1: the kernel really kills a worker for want of memory,
// in a cgroup v1 that somebody else has made for it. Nobody tells us why it was
// killed; it is a death by SIGKILL, and the law goes on with it.
func TestKilledForMemoryByV1(t *testing.T) {
	const root = "/sys/fs/cgroup/memory"
	if _, err := os.Stat(root + "/memory.limit_in_bytes"); err != nil {
		t.Skipf("NOT RUN: there is no cgroup v1 with a memory controller: %v", err)
	}
	dir, err := os.MkdirTemp(root, "supervise-test-")
	if err != nil {
		t.Skipf("NOT RUN: %v", err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	if err := os.WriteFile(dir+"/memory.limit_in_bytes", []byte("16777216"), 0); err != nil {
		t.Fatal(err)
	}
	s := open(t, planOf(spec("w", "", plain, func(sp *plan.Spec) {
		sp.Command = []string{"/bin/sh", "-c", "echo $$ > " + dir + "/cgroup.procs && exec tail /dev/zero"}
		sp.Restart.Limit, sp.Restart.Delay = 2, time.Millisecond
	})))
	s.reaches("w", lifecycle.Fatal)
	if e := s.one("w").LastExit; e.Signal != "KILL" || e.Class != lifecycle.ExitSignal || s.one("w").Incarnation != 2 {
		t.Errorf("%+v", s.one("w"))
	}
	s.close()
}
