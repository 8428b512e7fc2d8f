package supervise

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// deaf is ready when it ignores TERM, and stops after an hour or with the
// keeper's KILL.
func deaf(s *plan.Spec) {
	plain(s)
	s.Ready, s.StopWait = plan.Ready{Kind: "line", Pattern: "^ignoring$"}, time.Hour
}

// shrinking is a stage on which the second worker of x is being removed, and
// other pools follow in the order of workers.
func shrinking(t *testing.T) *stage {
	s := open(t, planOf(
		spec("x", "stubborn", deaf, func(sp *plan.Spec) { sp.Replicas = 2 }),
		spec("y", "stubborn", deaf, func(sp *plan.Spec) { sp.Replicas = 2 }),
	))
	s.until("all ready", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 4 })
	go func() { _ = s.ScalePool(context.Background(), "x", 1) }()
	s.reaches("x", report.Stopping)
	return s
}

// TestKeeperKilledDuringScaleDown: the worker that was being removed is gone
// with its keeper, and every other worker restarts.
func TestKeeperKilledDuringScaleDown(t *testing.T) {
	t.Parallel()
	s := shrinking(t)
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.until("three ready again", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 2) == 3 })
	if all := s.Workers(); len(all) != 3 {
		t.Errorf("%+v", all)
	}
	s.KillAll()
}

// TestStartOfWorkerThatGoes: a start or restart of everything does not bring
// back a worker that was scaled away.
func TestStartOfWorkerThatGoes(t *testing.T) {
	t.Parallel()
	s := shrinking(t)
	goes := s.Workers()[1]
	for name, ask := range map[string]func(context.Context, ...string) ([]report.Result, error){"start": s.Start, "restart": s.Restart} {
		results, err := ask(t.Context(), goes.GUID)
		if err != nil || len(results) != 1 || !strings.Contains(results[0].Error, "scaled to 1") {
			t.Errorf("%s: %+v, %v", name, results, err)
		}
	}
	if results, err := s.Start(t.Context(), "all"); err != nil || len(results) != 3 || failedResults(results) != nil {
		t.Errorf("start all: %+v, %v", results, err)
	}
	if err := syscall.Kill(goes.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.saw("its end", func(tr report.Event) bool { return tr.GUID == goes.GUID && tr.From == report.Stopping })
	if all := s.Workers(); len(all) != 3 {
		t.Errorf("%+v", all)
	}
	s.KillAll()
}
