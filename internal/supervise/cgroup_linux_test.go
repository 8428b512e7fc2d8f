package supervise

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/limits"
	"initiator/internal/limits/limitstest"
	"initiator/internal/plan"
)

// TestLimitsThatAreNotInForce runs on this machine as it is: limits that are
// not in force are logged once, and the workers run.
func TestLimitsThatAreNotInForce(t *testing.T) {
	s := open(t, planOf(spec("w", "wait", plain, func(sp *plan.Spec) {
		sp.Limits.MemoryMax, sp.Limits.CPUMax, sp.Limits.PidsMax, sp.Replicas = 1<<30, 1, 100, 3
	})))
	s.until("all ready", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 3 })
	s.close()
	limiter := limits.New("")
	defer limiter.Close()
	lacking, err := limiter.Prepare(&plan.Spec{Limits: plan.Limits{MemoryMax: 1, CPUMax: 1, PidsMax: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if lacking == "" {
		t.Skip("NOT RUN: a machine without controllers: all of them are in force here")
	}
	t.Log(lacking)
	if log := s.log.String(); strings.Count(log, "not in force") != strings.Count(lacking, "not in force") || !strings.Contains(log, lacking) {
		t.Errorf("want %q in the log once:\n%s", lacking, log)
	}
}

// TestBornInACgroup: a process that escapes with another session, environment
// and parent is found by its cgroup, and the tree is as before.
func TestBornInACgroup(t *testing.T) {
	base := limitstest.CgroupBase(t)
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

// TestKeeperKilledWithCgroups: no process of the cgroups survives the keeper.
func TestKeeperKilledWithCgroups(t *testing.T) {
	base := limitstest.CgroupBase(t)
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

// TestOutOfMemory needs the memory controller.
func TestOutOfMemory(t *testing.T) {
	base := limitstest.CgroupBase(t)
	limiter := limits.New(base)
	why, err := limiter.Prepare(&plan.Spec{Limits: plan.Limits{MemoryMax: 1}})
	limiter.Close()
	if err != nil || why != "" {
		t.Skipf("NOT RUN: a worker that the kernel kills for want of memory: %s", why)
	}
	s := open(t, planOf(spec("w", "", plain, func(sp *plan.Spec) {
		sp.Command, sp.Limits.MemoryMax, sp.Restart.Limit = []string{"/usr/bin/tail", "/dev/zero"}, 16<<20, 1
	})), func(o *Options) { o.CgroupBase = base })
	if tr := s.reaches("w", report.Fatal); s.one("w").LastExit.Class != report.ExitOutOfMemory {
		t.Error(tr.Reason)
	}
}

// TestKilledForMemoryByV1: the kernel kills a worker because memory runs out,
// in a cgroup v1 that the test has made. No report says why it was killed; it
// counts as a death by SIGKILL, and the restart policy applies.
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
	s.reaches("w", report.Fatal)
	if e := s.one("w").LastExit; e.Signal != "KILL" || e.Class != report.ExitSignal || s.one("w").Incarnation != 2 {
		t.Errorf("%+v", s.one("w"))
	}
	s.close()
}
