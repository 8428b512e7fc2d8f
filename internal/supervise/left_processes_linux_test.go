package supervise

import (
	"context"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// leavingSpec is a worker whose child leaves its session and group.
func leavingSpec(mode, after string) plan.Spec {
	return spec("w", "", plain, func(sp *plan.Spec) {
		sp.Command = []string{"/bin/sh", "-c", "setsid sleep 1000 & echo PID$INITIATOR_INCARNATION $!; " + after}
		sp.LeaveDescendants, sp.StopAsGroup = mode, plan.GroupFalse
		sp.Ready = plan.Ready{Kind: "line", Pattern: "^PID"}
	})
}

// killAtEnd ends a process that a test leaves.
func killAtEnd(t *testing.T, pid int) {
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
}

// TestAlwaysLeavesDescendants: what a worker has left outlives its restart, a kill
// of the keeper, and the end of everything; the next initiator spares it too. What
// the running worker has goes with it when the keeper is killed.
func TestAlwaysLeavesDescendants(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(leavingSpec(plan.LeaveAlways, "wait")), func(o *Options) { o.Mark = "1:2" })
	left := numberOf(t, s.line("PID1 "))
	killAtEnd(t, left)
	s.ready("w", 1)
	results, err := s.Restart(t.Context(), "w")
	if err != nil || len(results) != 1 || results[0].Left != 1 {
		t.Fatalf("restart: %+v %v, want 1 left", results, err)
	}
	if list := s.LeftProcesses(); len(list) != 1 || list[0].PID != left || list[0].Name != "w" || !strings.Contains(list[0].Command, "sleep") {
		t.Errorf("left: %+v, want %d", list, left)
	}
	mine := numberOf(t, s.line("PID2 "))
	killAtEnd(t, mine)
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ready("w", 3)
	if !alive(left) || alive(mine) {
		t.Errorf("after a kill of the keeper: the left process runs %t, the worker's own %t", alive(left), alive(mine))
	}
	third := numberOf(t, s.line("PID3 "))
	killAtEnd(t, third)
	if results, err = s.Stop(context.Background(), "w"); err != nil || results[0].Left != 1 || !strings.HasSuffix(results[0].Worker.Reason, "asked to stop; left 1") {
		t.Errorf("stop: %+v %v, want 1 left", results, err)
	}
	s.close()
	list := s.LeftProcesses()
	if len(list) != 2 || !alive(left) || !alive(third) {
		t.Fatalf("after the end: %+v, want %d and %d", list, left, third)
	}
	if ended := KillLeftovers(Leftovers{Mark: "1:2", Workers: []LeftWorker{{GUID: list[0].GUID}}, Left: list}); len(ended) > 0 {
		t.Errorf("the next initiator has ended %q", ended)
	}
	if ended := KillLeftovers(Leftovers{Mark: "1:2", Workers: []LeftWorker{{GUID: list[0].GUID}}}); len(ended) > 0 {
		t.Errorf("without its state file, the next initiator has ended %q", ended)
	}
}

// TestExitLeavesDescendants: what a program leaves is left when it ends by itself
// and is not started again.
func TestExitLeavesDescendants(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(leavingSpec(plan.LeaveExit, "exit")))
	left := numberOf(t, s.line("PID1 "))
	killAtEnd(t, left)
	tr := s.reaches("w", report.Exited)
	if !alive(left) || !strings.Contains(tr.Reason, "runs on without supervision") || !strings.HasSuffix(tr.Reason, "; left 1") {
		t.Errorf("it runs: %t; the reason is %q", alive(left), tr.Reason)
	}
	if w := s.one("w"); w.Left != 1 || !w.EmptyProven {
		t.Errorf("%+v, want 1 left and proven", w)
	}
	if results, err := s.Stop(t.Context(), "w"); err != nil || results[0].Left != 0 {
		t.Errorf("a stop of a program that has ended: %+v %v", results, err)
	}
}
