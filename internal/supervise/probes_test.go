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
	"initiator/internal/keeper/keepertest"
	"initiator/internal/plan"
)

func numberOf(t *testing.T, word string) int {
	t.Helper()
	n, err := strconv.Atoi(word)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// looked is a plain program that only a liveness probe checks.
func looked(flag string, check plan.ProbeCheck) plan.Spec {
	return spec("w", "moody "+flag, func(sp *plan.Spec) {
		sp.Protocol, sp.Ready = "none", plan.Ready{Kind: "tcp"}
		sp.Probe = plan.Probe{ProbeCheck: check, Span: 10 * time.Millisecond, Timeout: 5 * time.Second, Failures: 1 << 30}
		sp.Restart.Limit = 0
	})
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestProbe: unready at the first failure, ready again at the first success,
// and replaced after the configured number of failures in a row.
func TestProbe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, reason string }{
		{"http", "probe: GET / answers 500 (1 of"},
		{"exec", "test ! -e FLAG: exit code 1 (1 of"},
	} {
		t.Run(c.kind, func(t *testing.T) {
			t.Parallel()
			flag := filepath.Join(t.TempDir(), "flag")
			check := plan.ProbeCheck{Kind: c.kind, Path: "/", Command: []string{"test", "!", "-e", flag}}
			sp := looked(flag, check)
			s := open(t, planOf(sp))
			pid := s.ready("w", 1).PID
			touch(t, flag)
			tr := s.saw("the failure", func(tr report.Event) bool { return tr.To == report.Running && !tr.Ready })
			if !strings.Contains(tr.Reason, strings.ReplaceAll(c.reason, "FLAG", flag)) {
				t.Error(tr.Reason)
			}
			sp.Restart.Delay *= 2 // a reload that keeps the unready worker forgets nothing
			if err := s.ApplyPlan(t.Context(), planOf(sp)); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(flag); err != nil {
				t.Fatal(err)
			}
			s.saw("the recovery", func(tr report.Event) bool { return tr.Ready && strings.Contains(tr.Reason, "probe is satisfied") })
			if w := s.one("w"); w.PID != pid || w.Deaths != 0 {
				t.Errorf("it is not the process that it was: %+v", w)
			}
			sp.Probe.Failures = 3 // it takes effect without a restart
			if err := s.ApplyPlan(t.Context(), planOf(sp)); err != nil {
				t.Fatal(err)
			}
			touch(t, flag)
			s.saw("the replacement", func(tr report.Event) bool { return tr.Incarnation == 2 })
			if e := s.one("w").LastExit; e.Class != report.ExitUnhealthy || !strings.Contains(e.Error, "(3 times in a row)") {
				t.Errorf("%+v", e)
			}
		})
	}
}

// TestProbeOfHungProgram: after SIGSTOP the kernel still accepts connections,
// but no answer comes. The worker is killed and replaced.
func TestProbeOfHungProgram(t *testing.T) {
	t.Parallel()
	sp := looked("/nowhere", plan.ProbeCheck{Kind: "http", Path: "/"})
	sp.Probe.Failures, sp.Probe.Timeout = 2, 500*time.Millisecond
	s := open(t, planOf(sp))
	pid := s.ready("w", 1).PID
	keepertest.SuspendProcess(t, pid)
	s.ready("w", 2)
	if e := s.one("w").LastExit; e.Class != report.ExitUnhealthy || !strings.Contains(e.Error, "GET /: no answer within 500ms") || alive(pid) {
		t.Errorf("%+v, alive %t", e, alive(pid))
	}
}

// TestProbeOfClosedPort: a tcp probe of a program that does not listen any
// more.
func TestProbeOfClosedPort(t *testing.T) {
	t.Parallel()
	sp := looked("/nowhere", plan.ProbeCheck{Kind: "tcp"})
	sp.Environment[0].Value, sp.Probe.Failures = "closes", 2
	s := open(t, planOf(sp))
	if err := syscall.Kill(s.ready("w", 1).PID, syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	s.ready("w", 2)
	if e := s.one("w").LastExit; e.Class != report.ExitUnhealthy || !strings.Contains(e.Error, "nothing listens on 127.0.0.1:") {
		t.Errorf("%+v", e)
	}
}

// TestProbeThatHangs: the command of a probe is killed with all its
// descendants, and counts as a failure. A worker that is stopped in the
// meantime leaves no process of the command.
func TestProbeThatHangs(t *testing.T) {
	t.Parallel()
	said := filepath.Join(t.TempDir(), "pids")
	sp := looked("/nowhere", plan.ProbeCheck{Kind: "exec", Command: []string{"/bin/sh", "-c", "sleep 1000 & echo $$ $! >> " + said + "; wait"}})
	sp.Probe.Timeout = time.Second // the shell writes the pids before
	s := open(t, planOf(sp))
	s.ready("w", 1)
	tr := s.saw("the failure", func(tr report.Event) bool { return tr.To == report.Running && !tr.Ready })
	if !strings.Contains(tr.Reason, "did not end within 1s") {
		t.Error(tr.Reason)
	}
	results, err := s.Stop(t.Context(), "w")
	if err != nil || !results[0].EmptyProven {
		t.Errorf("stop: %+v %v", results, err)
	}
	s.close()
	text, err := os.ReadFile(said)
	if err != nil || len(strings.Fields(string(text))) < 2 {
		t.Fatalf("the probe wrote %q, %v", text, err)
	}
	for _, word := range strings.Fields(string(text)) {
		if pid := numberOf(t, word); alive(pid) {
			t.Errorf("pid %d of a probe is left", pid)
		}
	}
}
