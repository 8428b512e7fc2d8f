package lifecycle

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// The reason of a death, or of a long start, advises contract = off when the program
// of a worker with the contract has never been ready.
func TestPlainProgramAdvice(t *testing.T) {
	launch := []line{
		{0, Event{Kind: StartRequested}, 0, "", ""},
		{0, Event{Kind: DependenciesMet}, 0, "", ""},
		{0, Event{Kind: ProcessSpawned, PID: 7}, 0, "", ""},
	}
	exit := func(class report.ExitClass) line {
		return line{100 * time.Millisecond, Event{Kind: ProcessExited, Exit: report.Exit{Class: class, Code: 2}}, 0, "", ""}
	}
	timeout := []line{
		{30 * time.Second, Event{Kind: DeadlinePassed}, 0, "", ""},
		{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitSignal, Signal: "TERM"}}, 0, "", ""},
		{0, Event{Kind: ProcessesGone, EmptyProven: true}, 0, "", ""},
	}
	ready := line{time.Second, Event{Kind: ReadinessProven}, 0, "", ""}
	again := line{0, Event{Kind: DependenciesMet}, 0, "", ""}
	spawned := line{0, Event{Kind: ProcessSpawned, PID: 8}, 0, "", ""}
	hint := func(reason string) line {
		return line{time.Second, Event{Kind: NotReadyYet, Reason: reason}, 0, "", ""}
	}
	for _, c := range []struct {
		name  string
		spec  func(*plan.Spec)
		lines []line
		want  bool
	}{
		{"rejects --guid", nil, []line{exit(report.ExitNonzero)}, true},
		{"exits at once", nil, []line{exit(report.ExitClean)}, true},
		{"never listens", nil, timeout, true},
		{"listens elsewhere", nil, []line{hint("nothing listens on 127.0.0.1:1 yet; this worker listens on 0.0.0.0:8000")}, true},
		{"has not listened yet", nil, []line{hint("nothing listens on 127.0.0.1:1 yet")}, false},
		{"was ready and died", nil, []line{ready, exit(report.ExitNonzero)}, false},
		{"an earlier process was ready", nil, []line{ready, exit(report.ExitNonzero), again, spawned, exit(report.ExitNonzero)}, false},
		{"its successor starts", nil, []line{exit(report.ExitNonzero), again, spawned}, true},
		{"the successor of a ready process starts", nil, []line{ready, exit(report.ExitNonzero), again, spawned}, false},
		{"was killed", nil, []line{exit(report.ExitSignal)}, false},
		{"its port was taken", nil, []line{exit(report.ExitPortTaken)}, false},
		{"rejects --guid and is given up", func(s *plan.Spec) { s.Restart.Auto = "false" }, []line{exit(report.ExitNonzero)}, true},
		{"a job without readiness ends well", func(s *plan.Spec) { s.Protocol, s.Ready.Kind, s.StartSecs = "none", "alive", time.Second }, []line{exit(report.ExitClean)}, false},
		{"rejects --guid without readiness", func(s *plan.Spec) { s.Protocol, s.Ready.Kind, s.StartSecs = "none", "alive", time.Second }, []line{exit(report.ExitNonzero)}, true},
		{"ding", func(s *plan.Spec) { s.Protocol = "ding" }, []line{exit(report.ExitNonzero)}, false},
		{"contract = off", func(s *plan.Spec) { s.Contract = false }, []line{exit(report.ExitNonzero)}, false},
		{"exec", func(s *plan.Spec) { s.Exec, s.Command = s.Command, nil }, []line{exit(report.ExitNonzero)}, false},
		{"a built-in job", func(s *plan.Spec) { s.Command = []string{"/opt/initiator", "job", "sum"} }, []line{exit(report.ExitNonzero)}, false},
	} {
		spec := testSpec()
		spec.Contract = true
		spec.Restart.Auto = "true"
		if c.spec != nil {
			c.spec(spec)
		}
		r, reason, now := Record{Spec: spec}, "", time.Date(2030, 1, 31, 12, 0, 0, 0, time.UTC)
		for _, l := range append(launch[:len(launch):len(launch)], c.lines...) {
			now = now.Add(l.after)
			r, _, reason = Next(r, l.event, now)
		}
		if got := strings.HasSuffix(reason, "; write contract = off for a program that knows nothing of initiator"); got != c.want {
			t.Errorf("%s: %s: %q", c.name, r.Phase, reason)
		}
		if rest, found := CutAdvice(reason); found != c.want || found == (rest == reason) {
			t.Errorf("%s: %q without the advice is %q", c.name, reason, rest)
		}
	}
}
