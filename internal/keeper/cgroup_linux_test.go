package keeper

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/limits/limitstest"
	"initiator/internal/procfs"
)

// TestCgroupKnowsEscapedProcess: a descendant that has left its session and
// cleared its environment, and whose parents are dead, is still known by its
// cgroup. The directory goes with it.
func TestCgroupKnowsEscapedProcess(t *testing.T) {
	base := limitstest.CgroupBase(t)
	h := newTestKeeper(t)
	s := orderAct("w", "daemon", "bare")
	s.CgroupDir = base + "/w.1"
	leader := h.spawnWorker(s).PID
	stray := parsePID(t, h.awaitLine("w", "daemon "))
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", leader)); err != nil || !strings.Contains(string(text), filepath.Base(base)+"/w.1") {
		t.Errorf("the worker was born in %q, %v", text, err)
	}
	syscall.Kill(leader, syscall.SIGKILL)
	if e := h.awaitKind("w", KindExited); e.Survivors != 1 {
		t.Errorf("exited = %+v, want one left, known by its cgroup", e)
	}
	if e := h.endWorker("w", syscall.SIGTERM, deadline); !e.EmptyProven {
		t.Errorf("emptied = %+v, want proven", e)
	}
	checkGone(t, stray)
	closeKeeper(t, h)
	if left := procfs.ListDir(base); len(subdirectories(base)) != 0 {
		t.Errorf("cgroups are left: %q", left)
	}
}

func subdirectories(path string) (found []string) {
	list, _ := os.ReadDir(path)
	for _, e := range list {
		if e.IsDir() {
			found = append(found, e.Name())
		}
	}
	return found
}

func closeKeeper(t *testing.T, h *testKeeper) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// TestCgroupKill: a worker that makes cgroups of its own and forks faster than
// a scan is killed with all its processes, by cgroup.kill.
func TestCgroupKill(t *testing.T) {
	base := limitstest.CgroupBase(t)
	h := newTestKeeper(t)
	dir := base + "/w.1"
	s := orderCommand("w", "sh", "-c", `trap "" TERM
mkdir `+dir+`/inner && echo $$ > `+dir+`/inner/cgroup.procs
while :; do env -i setsid /bin/sleep 1000 & i=$((i+1)); [ $i -eq 20 ] && echo storm; [ $i -gt 500 ] && sleep 1; done`)
	s.CgroupDir = dir
	h.spawnWorker(s)
	h.awaitLine("w", "storm")
	e := h.endWorker("w", syscall.SIGTERM, 0)
	if !e.EmptyProven || e.Killed < 20 {
		t.Errorf("emptied = %+v, want proven and 20 killed or more", e)
	}
	closeKeeper(t, h)
	if left := subdirectories(base); len(left) != 0 {
		t.Errorf("cgroups are left: %q", left)
	}
}

// TestUnknownCgroupLimit: a limit that the kernel does not know is a warning,
// and the worker runs.
func TestUnknownCgroupLimit(t *testing.T) {
	base := limitstest.CgroupBase(t)
	h := newTestKeeper(t)
	s := orderCommand("w", "true")
	s.CgroupDir, s.CgroupSet = base+"/w.1", []string{"cgroup.max.depth=3", "no.such.file=1"}
	h.spawnWorker(s)
	if e := h.awaitKind("w", KindExited); e.Code != 0 || e.OOM {
		t.Errorf("exited = %+v", e)
	}
	said := ""
	for _, e := range h.seen {
		said += e.Error
	}
	if !strings.Contains(said, "no.such.file = 1 is not in force") || strings.Contains(said, "depth") {
		t.Errorf("warnings: %q", said)
	}
	closeKeeper(t, h)
}

// TestOutOfMemory checks the kernel's count of processes killed for lack of
// memory. A real such death needs the memory controller.
func TestOutOfMemory(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]int{
		"": 0, "low 0\nhigh 0\nmax 7\noom 2\noom_kill 2\noom_group_kill 0\n": 2, "oom_kill\n": 0,
	} {
		if err := os.WriteFile(dir+"/memory.events", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := countOOMKills(dir); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
	base := limitstest.CgroupBase(t)
	if have, _ := os.ReadFile(base + "/cgroup.controllers"); !strings.Contains(string(have), "memory") {
		t.Skipf("NOT RUN: a worker killed for want of memory: the controllers here are %q, without memory", have)
	}
	if err := writeCgroupFile(base, "cgroup.subtree_control", "+memory"); err != nil {
		t.Fatal(err)
	}
	h := newTestKeeper(t)
	s := orderCommand("w", "sh", "-c", "exec tail /dev/zero")
	s.CgroupDir, s.CgroupSet = base+"/w.1", []string{"memory.max=16777216", "memory.swap.max=0", "memory.oom.group=1"}
	h.spawnWorker(s)
	if e := h.awaitKind("w", KindExited); !e.OOM || e.Signal != int(syscall.SIGKILL) {
		t.Errorf("exited = %+v, want out of memory", e)
	}
	closeKeeper(t, h)
}

func init() {
	acts["headless"] = actHeadless
	if os.Getenv(actVariable) == "headless" {
		runtime.LockOSThread() // the first goroutine stays on the first thread
	}
}

// actHeadless ends its first thread, after which the kernel calls the process a
// zombie, and lives on in the other threads.
func actHeadless([]string) {
	go func() {
		for {
			stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", os.Getpid()))
			if strings.Contains(string(stat), ") Z ") {
				break
			}
			runtime.Gosched()
		}
		printLine("headless")
		forever()
	}()
	_, _, _ = syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0)
}

// TestLivingZombie: a process whose first thread has ended is called a zombie,
// but lives.
func TestLivingZombie(t *testing.T) {
	h := newTestKeeper(t)
	s := orderCommand("w", "sh", "-c", `setsid "$0" & echo "daemon $!"; exec sleep 1000`)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.Argv = append(s.Argv, self)
	s.Env = append(s.Env, actVariable+"=headless")
	h.spawnWorker(s)
	pid := parsePID(t, h.awaitLine("w", "daemon "))
	h.awaitLine("w", "headless")
	if !alive(pid) {
		t.Error("it counts as dead")
	}
	end := awaitExit(t, pid)
	if e := h.endWorker("w", syscall.SIGUSR2, 0); !e.EmptyProven || e.Killed != 2 {
		t.Errorf("emptied = %+v, want both killed", e)
	}
	<-end
}
