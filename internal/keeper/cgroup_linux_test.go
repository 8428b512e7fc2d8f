package keeper

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// cgroupBase makes a cgroup of this test's own. Without controllers there is
// still attribution and cgroup.kill.
func cgroupBase(t *testing.T) string {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var st unix.Statfs_t
		if unix.Statfs(root, &st) != nil || st.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		dir, err := os.MkdirTemp(root, "keeper-test-")
		if err != nil {
			t.Skipf("NOT RUN: no cgroup can be made here: %v", err)
		}
		t.Cleanup(func() {
			if err := os.Remove(dir); err != nil {
				t.Errorf("the keeper left something in its cgroup: %v", err)
			}
		})
		return dir
	}
	t.Skip("NOT RUN: no cgroup v2 is mounted here")
	return ""
}

// A descendant that has left its session and wiped its environment, and whose
// parents are dead, is still known by its cgroup. The directory goes with it.
func TestCgroupKnowsWhatEscaped(t *testing.T) {
	base := cgroupBase(t)
	h := newHouse(t)
	s := bad("w", "daemon", "bare")
	s.CgroupDir = base + "/w.1"
	leader := h.spawn(s).PID
	stray := number(t, h.line("w", "daemon "))
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", leader)); err != nil || !strings.Contains(string(text), filepath.Base(base)+"/w.1") {
		t.Errorf("the worker was born in %q, %v", text, err)
	}
	syscall.Kill(leader, syscall.SIGKILL)
	if e := h.event("w", KindExited); e.Survivors != 1 {
		t.Errorf("exited = %+v, want one left, known by its cgroup", e)
	}
	if e := h.end("w", syscall.SIGTERM, deadline); !e.EmptyProven {
		t.Errorf("emptied = %+v, want proven", e)
	}
	gone(t, stray)
	closed(t, h)
	if left := listDir(base); len(dirs(base)) != 0 {
		t.Errorf("cgroups are left: %q", left)
	}
}

func dirs(path string) (found []string) {
	list, _ := os.ReadDir(path)
	for _, e := range list {
		if e.IsDir() {
			found = append(found, e.Name())
		}
	}
	return found
}

func closed(t *testing.T, h *house) {
	t.Helper()
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

// A worker that makes cgroups of its own and forks faster than anybody can
// look is killed with all of it, by cgroup.kill.
func TestCgroupKill(t *testing.T) {
	base := cgroupBase(t)
	h := newHouse(t)
	dir := base + "/w.1"
	s := plain("w", "sh", "-c", `trap "" TERM
mkdir `+dir+`/inner && echo $$ > `+dir+`/inner/cgroup.procs
while :; do env -i setsid /bin/sleep 1000 & i=$((i+1)); [ $i -eq 20 ] && echo storm; [ $i -gt 500 ] && sleep 1; done`)
	s.CgroupDir = dir
	h.spawn(s)
	h.line("w", "storm")
	e := h.end("w", syscall.SIGTERM, 0)
	if !e.EmptyProven || e.Killed < 20 {
		t.Errorf("emptied = %+v, want proven and 20 killed or more", e)
	}
	closed(t, h)
	if left := dirs(base); len(left) != 0 {
		t.Errorf("cgroups are left: %q", left)
	}
}

// A limit that the kernel does not know is a warning, and the worker runs.
func TestCgroupLimitThatIsNotThere(t *testing.T) {
	base := cgroupBase(t)
	h := newHouse(t)
	s := plain("w", "true")
	s.CgroupDir, s.CgroupSet = base+"/w.1", []string{"cgroup.max.depth=3", "no.such.file=1"}
	h.spawn(s)
	if e := h.event("w", KindExited); e.Code != 0 || e.OOM {
		t.Errorf("exited = %+v", e)
	}
	said := ""
	for _, e := range h.seen {
		said += e.Error
	}
	if !strings.Contains(said, "no.such.file = 1 is not in force") || strings.Contains(said, "depth") {
		t.Errorf("warnings: %q", said)
	}
	closed(t, h)
}

// The kernel's own count of what it killed for want of memory. The real thing
// needs the memory controller.
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
	base := cgroupBase(t)
	if have, _ := os.ReadFile(base + "/cgroup.controllers"); !strings.Contains(string(have), "memory") {
		t.Skipf("NOT RUN: a worker killed for want of memory: the controllers here are %q, without memory", have)
	}
	if err := writeCgroupFile(base, "cgroup.subtree_control", "+memory"); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	s := plain("w", "sh", "-c", "exec tail /dev/zero")
	s.CgroupDir, s.CgroupSet = base+"/w.1", []string{"memory.max=16777216", "memory.swap.max=0", "memory.oom.group=1"}
	h.spawn(s)
	if e := h.event("w", KindExited); !e.OOM || e.Signal != int(syscall.SIGKILL) {
		t.Errorf("exited = %+v, want out of memory", e)
	}
	closed(t, h)
}

func init() {
	acts["headless"] = actHeadless
	if os.Getenv(actVariable) == "headless" {
		runtime.LockOSThread() // the first goroutine stays on the first thread
	}
}

// actHeadless ends its first thread, by which a process is called a zombie,
// and lives on in the others.
func actHeadless([]string) {
	go func() {
		var buf [1024]byte
		for !strings.Contains(string(readProc(buf[:], os.Getpid(), "/stat")), ") Z ") {
			runtime.Gosched()
		}
		say("headless")
		forever()
	}()
	_, _, _ = syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0)
}

// A process whose first thread has ended is called a zombie, and is none.
func TestLivingZombie(t *testing.T) {
	h := newHouse(t)
	s := plain("w", "sh", "-c", `setsid "$0" & echo "daemon $!"; exec sleep 1000`)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s.Argv = append(s.Argv, self)
	s.Env = append(s.Env, actVariable+"=headless")
	h.spawn(s)
	pid := number(t, h.line("w", "daemon "))
	h.line("w", "headless")
	if !alive(pid) {
		t.Error("it counts as dead")
	}
	end := ended(t, pid)
	if e := h.end("w", syscall.SIGUSR2, 0); !e.EmptyProven || e.Killed != 2 {
		t.Errorf("emptied = %+v, want both killed", e)
	}
	<-end
}
