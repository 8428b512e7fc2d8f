package supervise

import (
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// unlimited is the restart policy of a definition without a restart_limit, a
// hundred times as fast.
func unlimited(s *plan.Spec) {
	s.Restart.Limit, s.Restart.Window = 0, 0
	s.Restart.Delay /= 100
}

// TestRequestsReturnWhenAWorkerKeepsFailing: start, restart and launch return
// after three deaths in a row. The worker is started again all the same, and a
// later request gets three deaths of its own.
func TestRequestsReturnWhenAWorkerKeepsFailing(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("adder", "exit 3", plain, unlimited, func(sp *plan.Spec) { sp.StartSecs, sp.Autostart = patience, false })))
	for _, request := range []string{"start", "restart", "start"} {
		do := s.Start
		if request == "restart" {
			do = s.Restart
		}
		before := s.one("adder").Incarnation
		results, err := do(t.Context(), "adder")
		if err != nil || len(results) != 1 || !strings.HasPrefix(results[0].Error, "adder keeps failing: exit code 3") {
			t.Errorf("%s: %+v, %v", request, results, err)
			continue
		}
		if w := results[0].Worker; w.State != report.Backoff || w.Incarnation < before+3 {
			t.Errorf("%s: %s, incarnation %d after %d", request, w.State, w.Incarnation, before)
		}
	}
	if _, err := s.LaunchWorker(t.Context(), "adder", "mine"); err == nil || !strings.Contains(err.Error(), "adder keeps failing: exit code 3") {
		t.Errorf("launch: %v", err)
	}
	at := s.one("adder").Incarnation
	s.saw("another start", func(tr report.Event) bool { return tr.Name == "adder" && tr.GUID != "mine" && tr.Incarnation > at })
}

// TestAStartReturnsWhenADependencyKeepsFailing: the worker behind it goes on to
// wait.
func TestAStartReturnsWhenADependencyKeepsFailing(t *testing.T) {
	t.Parallel()
	manual := func(sp *plan.Spec) { sp.Autostart = false }
	s := open(t, planOf(
		spec("db", "exit 3", plain, unlimited, manual, func(sp *plan.Spec) { sp.StartSecs = patience }),
		spec("app", "wait", plain, manual, func(sp *plan.Spec) { sp.After = []plan.Dependency{{Name: "db", Condition: "ready"}} }),
	))
	results, err := s.Start(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"db": "db keeps failing: exit code 3", "app": "STOPPED: waits for db: ready (it keeps failing: `initiator why db` says why)"}
	for _, r := range results {
		if !strings.HasPrefix(r.Error, want[r.Worker.Name]) {
			t.Errorf("%s: %q, want %q", r.Worker.Name, r.Error, want[r.Worker.Name])
		}
	}
	if len(results) != 2 {
		t.Errorf("%d results", len(results))
	}
}

// TestErrorsThatWaitingDoesNotHeal: the third failed start makes a worker FATAL
// when the program, the directory, the user or the program of before_start is
// missing. A before_start that fails is tried again.
func TestErrorsThatWaitingDoesNotHeal(t *testing.T) {
	t.Parallel()
	change := map[string]func(*plan.Spec){
		"program":   func(sp *plan.Spec) { sp.Command = []string{"/no/such/program"} },
		"directory": func(sp *plan.Spec) { sp.Directory = "/no/such/directory" },
		"user":      func(sp *plan.Spec) { sp.Limits.User = "no-such-user" },
		"hook":      func(sp *plan.Spec) { sp.BeforeStart = []string{"/no/such/program"} },
	}
	var specs []plan.Spec
	for name, f := range change {
		specs = append(specs, spec(name, "wait", plain, unlimited, f))
	}
	s := open(t, planOf(append(specs, spec("failing hook", "wait", plain, unlimited, func(sp *plan.Spec) { sp.BeforeStart = []string{"false"} }))...))
	for name := range change {
		tr := s.reaches(name, report.Fatal)
		if tr.Incarnation != 3 || !strings.Contains(tr.Reason, "given up: 3 failed starts in a row (waiting does not heal this error)") {
			t.Errorf("%s: incarnation %d: %s", name, tr.Incarnation, tr.Reason)
		}
	}
	s.saw("the fifth try", func(tr report.Event) bool { return tr.Name == "failing hook" && tr.Incarnation == 5 })
}

// TestTheLossOfTheKeeperIsNoDeath: a worker whose first death would be its last
// is started again after the loss of the keeper.
func TestTheLossOfTheKeeperIsNoDeath(t *testing.T) {
	s := open(t, planOf(spec("w", "wait", plain, func(sp *plan.Spec) { sp.Restart.Limit, sp.Restart.Retries = 1, 1 })))
	s.ready("w", 1)
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ready("w", 2)
	if e := s.one("w").LastExit; e.Class != report.ExitKeeperLost {
		t.Errorf("%+v", e)
	}
}

// TestALaunchedWorkerStaysExited: a launched worker may end, and a worker of the
// pool is started again.
func TestALaunchedWorkerStaysExited(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "exit 0", plain, unlimited, func(sp *plan.Spec) {
		sp.Restart.Auto, sp.Restart.AutoAssumed = "true", true
	})))
	s.saw("the restart in the pool", func(tr report.Event) bool { return tr.Name == "w" && tr.Incarnation == 2 })
	_, _ = s.LaunchWorker(t.Context(), "w", "mine") // it may have ended before it was ready
	tr := s.saw("the end of the launched worker", func(tr report.Event) bool { return tr.GUID == "mine" && tr.To == report.Exited })
	if tr.Incarnation != 1 {
		t.Errorf("%+v", tr)
	}
}
