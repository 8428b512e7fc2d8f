package supervise

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/keeper/keepertest"
	"initiator/internal/plan"
	"initiator/internal/port"
)

// inEveryPhase is a plan with a worker in each phase in which a worker can be
// hit.
func inEveryPhase() *plan.Plan {
	hour := func(sp *plan.Spec) { sp.Restart.Delay, sp.Restart.DelayMax = time.Hour, time.Hour }
	return planOf(
		spec("ready", "webhook", func(sp *plan.Spec) { sp.Socket, sp.Replicas = "inherit", 2 }),
		spec("escaped", "leak", plain, func(sp *plan.Spec) {
			sp.Ready, sp.StopWait = plan.Ready{Kind: "line", Pattern: "^PID"}, 50*time.Millisecond
		}),
		spec("starting", "wait", func(sp *plan.Spec) { sp.StartTimeout = time.Hour }), // never listens
		spec("backing", "exit 1", plain, hour),
		spec("before", "wait", plain, func(sp *plan.Spec) { sp.BeforeStart, sp.StartTimeout = []string{"/bin/sleep", "1000"}, time.Hour }),
		spec("waiting", "wait", plain, func(sp *plan.Spec) { sp.After = []plan.Dependency{{Name: "starting", Condition: "ready"}} }),
		spec("stopping", "stubborn", plain, func(sp *plan.Spec) {
			sp.Ready, sp.StopWait = plan.Ready{Kind: "line", Pattern: "^ignoring$"}, time.Hour
		}),
	)
}

// everybody holds the processes of inEveryPhase: initiator and keeper, ready,
// escaped and its descendant, starting, before_start, stopping.
const everybody = 2 + 2 + 2 + 1 + 1 + 1

// reached reports whether all workers are in their phase.
func reached(workers []report.Worker) bool {
	want := map[string]report.State{
		"ready": report.Running, "escaped": report.Running, "starting": report.Starting, "backing": report.Backoff,
		"before": report.Starting, "waiting": report.Stopped, "stopping": report.Stopping,
	}
	for _, w := range workers {
		if w.State != want[w.Name] || w.Name == "starting" && w.PID == 0 || w.Name == "ready" && !w.Ready {
			return false
		}
	}
	return true
}

func init() { roles["initiator"] = runTestInitiator }

// runTestInitiator is the role of an initiator in a process of its own, which
// can be killed: it runs inEveryPhase, and reports when every worker is in its
// phase.
func runTestInitiator() int {
	k, err := keeper.Launch(keeper.Options{})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	changed := make(chan struct{}, 1000)
	s := New(Options{
		Keeper: k, Plan: inEveryPhase(), Ports: port.New(port.Range{Min: lowest, Max: lowest + 999}), Stdin: stdin,
		OnTransition: func(report.Event) { changed <- struct{}{} },
	})
	go func() { _ = s.Run(context.Background()) }()
	for asked := false; ; <-changed {
		workers := s.Workers()
		last := workers[len(workers)-1]
		if last.Ready && !asked {
			asked = true
			go func() { _, _ = s.Stop(context.Background(), "stopping") }()
		}
		if reached(workers) {
			for _, w := range workers {
				fmt.Println("guid", w.GUID)
			}
			fmt.Println("keeper", k.PID())
			fmt.Println("all there")
			return forever()
		}
	}
}

// marked returns the processes that carry a mark in their environment.
func marked(mark string) (pids []int) {
	found, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, path := range found {
		env, err := os.ReadFile(path)
		if pid, e := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil && e == nil && bytes.Contains(env, []byte(mark)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// gone waits until a process, of any parent, has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(patience.Milliseconds()))
		if err == unix.EINTR {
			continue
		}
		if n == 0 {
			cmd, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
			t.Errorf("pid %d is left: %q", pid, cmd)
		}
		return
	}
}

// TestKilledInEveryPhase: SIGKILL of the initiator, and of initiator and keeper
// at the same time, while workers are in every phase.
func TestKilledInEveryPhase(t *testing.T) {
	for _, victims := range []string{"initiator", "both"} {
		t.Run(victims, func(t *testing.T) {
			mark := fmt.Sprintf("HOUSE_MARK=%d-%d", os.Getpid(), time.Now().UnixNano())
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), "TEST_ROLE=initiator", mark)
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			var workers []LeftWorker
			keeperPID := 0
			lines := bufio.NewScanner(out)
			for lines.Scan() && lines.Text() != "all there" {
				what, value, _ := strings.Cut(lines.Text(), " ")
				switch what {
				case "guid":
					workers = append(workers, LeftWorker{GUID: value})
				case "keeper":
					keeperPID = numberOf(t, value)
				default:
					t.Error(lines.Text())
				}
			}
			if keeperPID == 0 {
				t.Fatal("the test initiator has not come up")
			}
			before := marked(mark)
			for t.Context().Err() == nil && len(before) < everybody { // the order for before_start may still be on its way
				before = marked(mark)
			}
			if len(before) != everybody {
				t.Errorf("there are %d processes", len(before))
			}
			if victims == "both" { // at once: the initiator does not see the keeper's death
				keepertest.SuspendProcess(t, cmd.Process.Pid)
				_ = syscall.Kill(keeperPID, syscall.SIGKILL)
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			if victims == "both" {
				// The workers die with the thread that forked them. An escaped
				// process has no parent left and is found by its environment.
				gone(t, keeperPID)
				if ended := KillLeftovers(Leftovers{Workers: workers}); len(ended) == 0 {
					t.Error("the sweep found nothing; the escapee should have been left")
				}
			}
			for _, pid := range before {
				gone(t, pid)
			}
			if left := marked(mark); len(left) != 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// TestKeeperKilledInEveryPhase: no worker is lost, no worker runs twice, and a
// worker without a process is as before.
func TestKeeperKilledInEveryPhase(t *testing.T) {
	s := open(t, inEveryPhase())
	s.ready("stopping", 1)
	stop := make(chan []report.Result)
	go func() {
		results, err := s.Stop(context.Background(), "stopping")
		if err != nil {
			t.Error(err)
		}
		stop <- results
	}()
	for !reached(s.Workers()) {
		s.next()
	}
	before := s.Workers()
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if results := <-stop; len(results) != 1 || results[0].EmptyProven || results[0].Worker.State != report.Stopped {
		t.Errorf("the stop that was under way: %+v", results)
	}
	want := map[string]struct {
		state       report.State
		incarnation int
	}{
		"ready": {report.Running, 2}, "escaped": {report.Running, 2}, "starting": {report.Starting, 2}, "backing": {report.Backoff, s.one("backing").Incarnation},
		"before": {report.Starting, 2}, "waiting": {report.Stopped, 0}, "stopping": {report.Stopped, 1},
	}
	settled := func() bool {
		for _, w := range s.Workers() {
			if e := want[w.Name]; w.State != e.state || w.Incarnation != e.incarnation || w.Name == "ready" && !w.Ready || w.Name == "starting" && w.PID == 0 {
				return false
			}
		}
		return true
	}
	for !settled() {
		s.next()
	}
	for _, w := range before {
		if w.PID != 0 && alive(w.PID) {
			t.Errorf("%s: pid %d of the first incarnation lives", w.Name, w.PID)
		}
	}
}
