package supervise

import (
	"context"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// TestReloadDuringRestart: a reload that arrives in any part of a restart ends
// with exactly one process, of the new definition.
func TestReloadDuringRestart(t *testing.T) {
	t.Parallel()
	slow := func(sp *plan.Spec) {
		sp.Ready, sp.StopWait = plan.Ready{Kind: "line", Pattern: "^ignoring$"}, 100*time.Millisecond
	}
	newer := func(sp *plan.Spec) { plain(sp); slow(sp); sp.Limits.Nice = 1 }
	for _, c := range []struct {
		name  string
		first plan.Spec
		until func(*stage)
	}{
		{"ending", spec("w", "stubborn", plain, slow), func(s *stage) {
			s.ready("w", 1)
			go func() { _, _ = s.Restart(context.Background(), "w") }()
			s.reaches("w", report.Stopping)
		}},
		{"in its delay", spec("w", "exit 1", plain, func(sp *plan.Spec) { sp.Restart.Delay, sp.Restart.DelayMax = time.Hour, time.Hour }), func(s *stage) {
			s.saw("the delay", func(tr report.Event) bool { return tr.To == report.Backoff && tr.Incarnation == 2 })
		}},
		{"starting", spec("w", "wait", func(sp *plan.Spec) { sp.StartTimeout = time.Hour }), func(s *stage) {
			s.saw("its process", func(tr report.Event) bool {
				return tr.To == report.Starting && tr.PID != 0 || tr.Reason != "" && tr.To == report.Starting
			})
		}},
		{"in before_start", spec("w", "wait", plain, func(sp *plan.Spec) { sp.BeforeStart, sp.StartTimeout = []string{"/bin/sleep", "1000"}, time.Hour }), func(s *stage) {
			s.reaches("w", report.Starting)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, planOf(c.first))
			c.until(s)
			before := s.Workers()
			if err := s.ApplyPlan(t.Context(), planOf(spec("w", "stubborn", newer))); err != nil {
				t.Fatal(err)
			}
			after := s.Workers()
			if len(after) != 1 || !after[0].Ready || after[0].GUID != before[0].GUID || after[0].Incarnation <= before[0].Incarnation {
				t.Errorf("before %+v\nafter %+v", before, after)
			}
			if before[0].PID != 0 && alive(before[0].PID) {
				t.Errorf("pid %d of the old spec lives", before[0].PID)
			}
			if err := s.ApplyPlan(t.Context(), planOf()); err != nil { // and gone, before the test looks
				t.Fatal(err)
			}
			if left := s.Workers(); len(left) != 0 || alive(after[0].PID) {
				t.Errorf("removed, and still there: %+v", left)
			}
		})
	}
}

// TestRemovedDuringRestart: a worker leaves the file while it restarts.
func TestRemovedDuringRestart(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "stubborn", plain, func(sp *plan.Spec) {
		sp.Ready, sp.StopWait = plan.Ready{Kind: "line", Pattern: "^ignoring$"}, 100*time.Millisecond
	})))
	pid := s.ready("w", 1).PID
	go func() { _, _ = s.Restart(context.Background(), "w") }()
	s.reaches("w", report.Stopping)
	if err := s.ApplyPlan(t.Context(), planOf()); err != nil {
		t.Fatal(err)
	}
	if left := s.Workers(); len(left) != 0 || alive(pid) {
		t.Errorf("%+v, alive %t", left, alive(pid))
	}
}

// TestReloadTriesAgain: a corrected definition is tried, whatever state the
// worker had under the old definition; but a worker that a person has stopped
// stays stopped.
func TestReloadTriesAgain(t *testing.T) {
	t.Parallel()
	mended := planOf(spec("w", "wait", plain, func(sp *plan.Spec) { sp.Limits.Nice = 1 }))
	once := func(sp *plan.Spec) { plain(sp); sp.Restart.Limit = 1 }
	for _, c := range []struct {
		name  string
		first plan.Spec
		state report.State
		tried bool
	}{
		{"given up", spec("w", "exit 1", once), report.Fatal, true},
		{"ended by itself", spec("w", "exit 0", once), report.Exited, true},
		{"stopped", spec("w", "wait", plain), report.Stopped, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, planOf(c.first))
			if c.state == report.Stopped {
				s.ready("w", 1)
				if _, err := s.Stop(t.Context(), "w"); err != nil {
					t.Fatal(err)
				}
			}
			s.reaches("w", c.state)
			if err := s.ApplyPlan(t.Context(), mended); err != nil {
				t.Fatal(err)
			}
			if w := s.Workers()[0]; w.Ready != c.tried || !c.tried && w.State != c.state {
				t.Errorf("after the reload: %+v", w)
			}
		})
	}
}
