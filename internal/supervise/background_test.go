package supervise

import (
	"strings"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// TestProgramInTheBackground: a daemon that forks and ends is told to write
// pidfile or to stay in the foreground, and nothing of it is left.
func TestProgramInTheBackground(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "", plain, func(sp *plan.Spec) {
		sp.Command = []string{"/bin/sh", "-c", "setsid env -i sleep 1000 & echo PID $!"}
		sp.Restart.Auto = "false"
	})))
	tr := s.reaches("w", report.Exited)
	if !strings.Contains(tr.Reason, "went to the background") || !strings.Contains(tr.Reason, "write pidfile = ") || !strings.Contains(tr.Reason, "foreground") {
		t.Errorf("the reason is %q", tr.Reason)
	}
	if pid := numberOf(t, s.line("PID ")); alive(pid) {
		t.Errorf("%d is left", pid)
	}
}

func TestWentToBackground(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		phase     lifecycle.Phase
		contract  bool
		class     report.ExitClass
		survivors int
		want      bool
	}{
		"a daemon":           {lifecycle.PhaseStarting, false, report.ExitClean, 1, true},
		"later":              {lifecycle.PhaseReady, false, report.ExitClean, 1, true},
		"nothing is left":    {lifecycle.PhaseStarting, false, report.ExitClean, 0, false},
		"an error":           {lifecycle.PhaseStarting, false, report.ExitNonzero, 1, false},
		"a worker of ours":   {lifecycle.PhaseStarting, true, report.ExitClean, 1, false},
		"it is being ended":  {lifecycle.PhaseEnding, false, report.ExitClean, 1, false},
		"it finishes a task": {lifecycle.PhaseDraining, false, report.ExitClean, 1, false},
	} {
		r := lifecycle.Record{Phase: tt.phase, Spec: &plan.Spec{Contract: tt.contract}}
		if got := wentToBackground(&r, report.Exit{Class: tt.class}, tt.survivors); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
