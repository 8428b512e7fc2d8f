package lifecycle

import (
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

func testSpec() *plan.Spec {
	return &plan.Spec{
		Name: "w", Command: []string{"true"}, Protocol: "webhook", Ready: plan.Ready{Kind: "webhook"},
		StartTimeout: 30 * time.Second, HeartbeatTolerance: 15 * time.Second, StopWait: 10 * time.Second,
		Drain: 30 * time.Second, StopSignal: "TERM", Restart: withLimit(10), Socket: "reserve", Probe: plan.Probe{Failures: 3},
	}
}

// inPhase is a plausible record of each phase.
func inPhase(p Phase, now time.Time) Record {
	r := Record{Spec: testSpec(), Phase: p, Reason: "as before", Since: now}
	if p == PhaseStopped {
		return r
	}
	r.Wanted = !p.AtRest()
	r.Incarnation, r.Started = 3, now.Add(-time.Second)
	if p.HasProcess() && p != PhaseSpawning && p != PhaseClearing {
		r.PID = 42
	}
	switch p {
	case PhaseReady, PhaseUnready, PhaseDraining:
		r.Attached, r.ReachedRunning, r.ReadySince = true, true, now
	case PhaseBackoff:
		r.NextStart = now
	case PhaseEnding:
		r.Cause, r.CauseReason = endedToRestart, "asked to restart"
	case PhaseClearing:
		r.Ended = report.Exit{Class: report.ExitNonzero, Code: 1}
	}
	if p == PhaseDraining {
		r.Cause = endedToStop
	}
	if r.Deadline = now; p == PhaseStarting || p == PhaseReady {
		r.Deadline = now.Add(time.Second)
	}
	return r
}

// TestEveryCell applies each cell: it acts or says why it does not, and leaves
// a consistent record.
func TestEveryCell(t *testing.T) {
	now := time.Now()
	for p := range PhaseCount {
		for k := range eventKinds {
			c := table[p][k]
			if (c.do == nil) == (c.why == "") {
				t.Errorf("%s × %s: a cell either acts or says why it does not", p, k)
				continue
			}
			r, acts, reason := Next(inPhase(p, now), Event{Kind: k, Random: 0.5}, now)
			checkCell(t, p, k, r, acts, reason)
		}
	}
}

func checkCell(t *testing.T, p Phase, k EventKind, r Record, acts []Action, reason string) {
	t.Helper()
	if reason == "" || r.Reason == "" {
		t.Errorf("%s × %s: no reason", p, k)
	}
	if !r.Phase.HasProcess() && (r.PID != 0 || r.Attached) {
		t.Errorf("%s × %s: nothing lives in %s, but pid %d, attached %t", p, k, r.Phase, r.PID, r.Attached)
	}
	if r.Phase == PhaseBackoff && r.NextStart.IsZero() {
		t.Errorf("%s × %s: a delay without an end", p, k)
	}
	if (r.Phase == PhaseEnding || r.Phase == PhaseClearing || r.Phase == PhaseDraining) && r.Deadline.IsZero() {
		t.Errorf("%s × %s: %s could last for ever", p, k, r.Phase)
	}
	for _, a := range acts {
		if a.Kind == SpawnProcess && p != PhaseWaiting {
			t.Errorf("%s × %s: spawns although the row is not waiting", p, k)
		}
		if a.Kind == ReleasePort && !r.Phase.AtRest() {
			t.Errorf("%s × %s: frees the port in %s", p, k, r.Phase)
		}
	}
}

// TestStaleIncarnation: no event about an earlier process changes the current
// one.
func TestStaleIncarnation(t *testing.T) {
	now := time.Now()
	for p := range PhaseCount {
		for k := range eventKinds {
			before := inPhase(p, now)
			after, acts, reason := Next(before, Event{Kind: k, Incarnation: 2}, now)
			if len(acts) != 0 || after.Phase != before.Phase || after.Reason != before.Reason || !strings.Contains(reason, "another incarnation") {
				t.Errorf("%s × %s of incarnation 2, at %d: %s", p, k, before.Incarnation, reason)
			}
		}
	}
}

// story is a sequence of events and the phase and reason after each event.
type story struct {
	name  string
	spec  func(*plan.Spec)
	lines []line
}

type line struct {
	after  time.Duration // since the line before
	event  Event
	phase  Phase
	reason string // a part of the reason
	acts   string // the actions' letters, as in letters
}

var letters = "cSEpsADdrmflFG" // check Spawn End probe stopProbing Attach Drain detach replacePort measure freePort logRecycle FollowMain GiveUpMain

var toReady = []line{
	{0, Event{Kind: StartRequested}, PhaseWaiting, "asked to start", "c"},
	{0, Event{Kind: DependenciesMet}, PhaseSpawning, "incarnation 1 is being launched", "S"},
	{0, Event{Kind: ProcessSpawned, PID: 7}, PhaseStarting, "pid 7 runs; not ready yet", "p"},
	{time.Second, Event{Kind: ReadinessProven}, PhaseReady, "ready after 1s", "sA"},
}

// inBackground is a program with a pidfile.
func inBackground(s *plan.Spec) {
	s.Protocol, s.Ready.Kind, s.StartSecs, s.StopCommand = "none", "alive", time.Second, []string{"quit"}
}

func tell(lines ...line) []line { return append(append([]line(nil), toReady...), lines...) }

var stories = []story{
	{"a stop drains, ends and is empty", nil, tell(
		line{0, Event{Kind: StopRequested}, PhaseDraining, "waiting for its running tasks", "D"},
		line{0, Event{Kind: Drained}, PhaseEnding, "drained", "E"},
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean}}, PhaseEnding, "drained", "d"},
		line{0, Event{Kind: ProcessesGone, EmptyProven: true}, PhaseStopped, "asked to stop; drained", "f"},
	)},
	{"drain has an end", nil, tell(
		line{0, Event{Kind: StopRequested}, PhaseDraining, "", "D"},
		line{30 * time.Second, Event{Kind: DeadlinePassed}, PhaseEnding, "tasks still ran after 30s", "E"},
	)},
	{"SIGKILL from outside: at once again", nil, tell(
		line{time.Second, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitSignal, Signal: "KILL", Code: -1}}, PhaseWaiting, "killed by SIGKILL, after 2s; will be restarted at once (restart 1, death 1 of 10", "dc"},
		line{0, Event{Kind: DependenciesMet}, PhaseSpawning, "incarnation 2", "S"},
		line{0, Event{Kind: ProcessSpawned, PID: 8}, PhaseStarting, "", "p"},
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitNonzero, Code: 3}}, PhaseBackoff, "exit code 3, after 0s; will be restarted in 100ms", "s"},
		line{100 * time.Millisecond, Event{Kind: DeadlinePassed}, PhaseWaiting, "exit code 3", "c"},
	)},
	{"a task ends it: no death counts, and it does not spin", nil, tell(
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitNonzero, Code: 3}, Task: "T"}, PhaseBackoff, "exit code 3, after 1s; task T ended it, which does not count against the worker; will be restarted in 100ms", "d"},
		line{100 * time.Millisecond, Event{Kind: DeadlinePassed}, PhaseWaiting, "task T ended it", "c"},
		line{0, Event{Kind: DependenciesMet}, PhaseSpawning, "", "S"},
		line{0, Event{Kind: ProcessSpawned, PID: 8}, PhaseStarting, "", "p"},
		line{0, Event{Kind: ReadinessProven}, PhaseReady, "", "sA"},
		line{0, Event{Kind: TaskStuck, Reason: "task T does not stop", Task: "T"}, PhaseEnding, "task T does not stop; TERM sent, KILL after 10s", "dE"},
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean}}, PhaseEnding, "", ""},
		line{0, Event{Kind: ProcessesGone, EmptyProven: true}, PhaseBackoff, "unhealthy: task T does not stop, after 0s; task T ended it", ""},
		line{100 * time.Millisecond, Event{Kind: DeadlinePassed}, PhaseWaiting, "", "c"},
		line{0, Event{Kind: DependenciesMet}, PhaseSpawning, "", "S"},
		line{0, Event{Kind: ProcessSpawned, PID: 9}, PhaseStarting, "", "p"},
		line{0, Event{Kind: ReadinessProven}, PhaseReady, "", "sA"},
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitNonzero, Code: 3}}, PhaseWaiting, "will be restarted at once (restart 1, death 1 of 10", "dc"},
	)},
	{"leftovers are ended before the restart", nil, tell(
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitNonzero, Code: 1}, Left: 2}, PhaseClearing, "what it left is being ended: 2 processes, TERM sent, KILL after 10s", "dE"},
		line{0, Event{Kind: ProcessesGone, EmptyProven: true}, PhaseWaiting, "will be restarted at once", "c"},
	)},
	{"a clean end is left at that", nil, tell(
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean}}, PhaseExited, "exit code 0, after 1s; will not be restarted (autorestart = unexpected)", "df"},
		line{0, Event{Kind: StartRequested}, PhaseWaiting, "asked to start", "c"},
	)},
	{"heartbeats overdue, and back", nil, tell(
		line{0, Event{Kind: HeartbeatsOverdue}, PhaseUnready, "ended as unhealthy in 15s", ""},
		line{time.Second, Event{Kind: HeartbeatsBack}, PhaseReady, "ready again", ""},
	)},
	{"heartbeats overdue: fenced and ended without a drain, judged, again", nil, tell(
		line{0, Event{Kind: HeartbeatsOverdue}, PhaseUnready, "", ""},
		line{15 * time.Second, Event{Kind: DeadlinePassed}, PhaseEnding, "no heartbeat for 15s; TERM sent, KILL after 10s", "dE"},
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitSignal, Signal: "KILL", Code: -1}}, PhaseEnding, "", ""},
		line{0, Event{Kind: ProcessesGone}, PhaseWaiting, "unhealthy: no heartbeat for 15s", "c"},
	)},
	{"start timeout", nil, []line{
		toReady[0], toReady[1], toReady[2],
		{time.Second, Event{Kind: NotReadyYet, Reason: "pid 9 (nginx) listens on its port"}, PhaseStarting, "nginx", ""},
		{29 * time.Second, Event{Kind: DeadlinePassed}, PhaseEnding, "not ready within 30s: pid 9 (nginx) listens on its port", "sE"},
		{0, Event{Kind: ProcessesGone}, PhaseWaiting, "start timeout: not ready within 30s", "c"},
	}},
	{"start timeout without READY=1", func(s *plan.Spec) { s.Ready.Kind = "notify"; s.Protocol = "none" }, []line{
		toReady[0], toReady[1],
		{0, Event{Kind: ProcessSpawned, PID: 7}, PhaseStarting, "pid 7 runs; not ready yet: it has not sent READY=1", "p"},
		{30 * time.Second, Event{Kind: DeadlinePassed}, PhaseEnding, "not ready within 30s: it has not sent READY=1 to $NOTIFY_SOCKET", "sE"},
	}},
	{"start timeout without the line", func(s *plan.Spec) { s.Ready = plan.Ready{Kind: "line", Pattern: "is up$"}; s.Protocol = "none" }, []line{
		toReady[0], toReady[1], toReady[2],
		{30 * time.Second, Event{Kind: DeadlinePassed}, PhaseEnding, `not ready within 30s: it has not written a line that matches "is up$"`, "sE"},
	}},
	{"startsecs", func(s *plan.Spec) { s.StartSecs = 2 * time.Second; s.Ready.Kind = "alive"; s.Protocol = "none" }, []line{
		toReady[0], toReady[1],
		{0, Event{Kind: ProcessSpawned, PID: 7}, PhaseStarting, "RUNNING when it has lived for 2s", ""},
		{2 * time.Second, Event{Kind: DeadlinePassed}, PhaseReady, "ready after 2s", ""},
	}},
	{"READY=1 overtakes the keeper", func(s *plan.Spec) { s.Ready.Kind = "notify"; s.Protocol = "none" }, []line{
		toReady[0], toReady[1],
		{0, Event{Kind: ReadinessProven, Reason: "READY=1"}, PhaseSpawning, "being launched", ""},
		{0, Event{Kind: ProcessSpawned, PID: 7}, PhaseReady, "ready after 0s", ""},
	}},
	{"a stop during the delay", nil, tell(
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitNonzero, Code: 1}}, PhaseWaiting, "", "dc"},
		line{0, Event{Kind: DependenciesMet}, PhaseSpawning, "", "S"},
		line{0, Event{Kind: SpawnFailed, Reason: "no such file"}, PhaseBackoff, "spawn error: no such file", "s"},
		line{0, Event{Kind: StopRequested}, PhaseStopped, "stopped", "f"},
	)},
	{"a start during a stop", nil, tell(
		line{0, Event{Kind: StopRequested}, PhaseDraining, "", "D"},
		line{0, Event{Kind: StartRequested}, PhaseDraining, "will be restarted when", ""},
		line{0, Event{Kind: Drained}, PhaseEnding, "", "E"},
		line{0, Event{Kind: ProcessesGone, EmptyProven: true}, PhaseWaiting, "", "dc"},
	)},
	{"the keeper is lost", nil, tell(
		line{0, Event{Kind: KeeperLost}, PhaseWaiting, "killed by SIGKILL: keeper lost", "dc"},
	)},
	{"the port was taken", nil, []line{
		toReady[0], toReady[1], toReady[2],
		{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitPortTaken, Code: 1}}, PhaseWaiting, "will be restarted at once (next port", "src"},
	}},
	{"recycled by its tasks", func(s *plan.Spec) { s.Restart.RecycleTasks = 5 }, tell(
		line{0, Event{Kind: Measured, Tasks: 4}, PhaseReady, "", ""},
		line{0, Event{Kind: Measured, Tasks: 5}, PhaseDraining, "recycled: it has done 5 tasks", "lD"},
		line{0, Event{Kind: Drained}, PhaseEnding, "", "E"},
		line{0, Event{Kind: ProcessesGone}, PhaseWaiting, "recycled: it has done 5 tasks; drained", "dc"},
	)},
	{"recycled by its age", func(s *plan.Spec) { s.Restart.RecycleAge = time.Hour }, tell(
		line{time.Hour, Event{Kind: DeadlinePassed}, PhaseDraining, "older than 1h", "lD"},
	)},
	{"recycled by its memory", func(s *plan.Spec) { s.Restart.RecycleRSS = 1 << 20 }, tell(
		line{10 * time.Second, Event{Kind: DeadlinePassed}, PhaseReady, "ready after", "m"},
		line{0, Event{Kind: Measured, RSS: 1 << 19}, PhaseReady, "", ""},
		line{0, Event{Kind: Measured, RSS: 3 << 20}, PhaseDraining, "recycled: it holds 3 MiB", "lD"},
	)},
	{"its memory is measured after a task", func(s *plan.Spec) { s.Restart.RecycleRSS = 1 << 20 }, tell(
		line{0, Event{Kind: Measured, Tasks: 1}, PhaseReady, "", "m"},
		line{0, Event{Kind: Measured, RSS: 3 << 20}, PhaseDraining, "recycled: it holds 3 MiB", "lD"},
	)},
	{"deaths are forgotten", nil, tell(
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitNonzero, Code: 1}}, PhaseWaiting, "", "dc"},
		line{0, Event{Kind: DependenciesMet}, PhaseSpawning, "", "S"},
		line{0, Event{Kind: ProcessSpawned}, PhaseStarting, "", "p"},
		line{0, Event{Kind: ReadinessProven}, PhaseReady, "", "sA"},
		line{10 * time.Minute, Event{Kind: DeadlinePassed}, PhaseReady, "its deaths are forgotten", ""},
		line{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitNonzero, Code: 1}}, PhaseWaiting, "death 1 of 10", "dc"},
	)},
	{"the probe: unwell, and well again", nil, tell(
		line{0, Event{Kind: ProbeFailed, Reason: "GET / answers 500"}, PhaseUnready, "probe: GET / answers 500 (1 of 3)", ""},
		line{time.Hour, Event{Kind: ProbeFailed, Reason: "GET / answers 500"}, PhaseUnready, "(2 of 3)", ""},
		line{0, Event{Kind: ProbePassed}, PhaseReady, "ready again: the probe is satisfied", ""},
		line{0, Event{Kind: ProbeFailed}, PhaseUnready, "(1 of 3)", ""},
	)},
	{"the probe: unwell three times in a row", nil, tell(
		line{0, Event{Kind: ProbeFailed}, PhaseUnready, "", ""},
		line{0, Event{Kind: ProbeFailed}, PhaseUnready, "", ""},
		line{0, Event{Kind: ProbeFailed, Reason: "GET / answers 500"}, PhaseEnding, "probe: GET / answers 500 (3 times in a row); TERM sent, KILL after 10s", "dE"},
		line{0, Event{Kind: ProcessesGone}, PhaseWaiting, "unhealthy: probe: GET / answers 500", "c"},
	)},
	{"unwell and without heartbeats: both must be mended", nil, tell(
		line{0, Event{Kind: HeartbeatsOverdue}, PhaseUnready, "", ""},
		line{0, Event{Kind: ProbeFailed}, PhaseUnready, "(1 of 3)", ""},
		line{0, Event{Kind: ProbePassed}, PhaseUnready, "", ""},
		line{0, Event{Kind: ProbeFailed}, PhaseUnready, "(1 of 3)", ""},
		line{0, Event{Kind: HeartbeatsBack}, PhaseUnready, "", ""},
		line{time.Hour, Event{Kind: DeadlinePassed}, PhaseUnready, "", ""},
		line{0, Event{Kind: ProbePassed}, PhaseReady, "ready again", ""},
	)},
	{"WATCHDOG=1 binds once it was sent", nil, tell(
		line{time.Hour, Event{Kind: DeadlinePassed}, PhaseReady, "", ""},
		line{0, Event{Kind: WatchdogBeat}, PhaseReady, "", ""},
		line{15 * time.Second, Event{Kind: DeadlinePassed}, PhaseUnready, "WATCHDOG=1 is overdue; ended as unhealthy in 3s", ""},
		line{3 * time.Second, Event{Kind: DeadlinePassed}, PhaseEnding, "no WATCHDOG=1 for 15s; TERM sent, KILL after 10s", "dE"},
	)},
	{"WATCHDOG=1 that is late", nil, tell(
		line{0, Event{Kind: WatchdogBeat}, PhaseReady, "", ""},
		line{15 * time.Second, Event{Kind: DeadlinePassed}, PhaseUnready, "overdue", ""},
		line{time.Second, Event{Kind: WatchdogBeat}, PhaseReady, "ready again", ""},
	)},
	{"a program goes to the background", inBackground, []line{
		toReady[0], toReady[1],
		{0, Event{Kind: ProcessSpawned, PID: 7}, PhaseStarting, "RUNNING when it has lived for 1s", ""},
		{time.Second / 2, Event{Kind: MainExited, Exit: report.Exit{Class: report.ExitClean}, Reason: "/run/w.pid"}, PhaseStarting, "its main process 7 ended (exit code 0, after 500ms); /run/w.pid is to name the next one within 30s", "F"},
		{time.Second, Event{Kind: DeadlinePassed}, PhaseStarting, "is to name the next one", ""},
		{0, Event{Kind: MainReplaced, PID: 9, Reason: "/run/w.pid"}, PhaseReady, "ready after 1.5s", ""},
		{time.Hour, Event{Kind: MainExited, Exit: report.Exit{Class: report.ExitClean}, Reason: "/run/w.pid"}, PhaseReady, "its main process 9 ended", "F"},
		{time.Second, Event{Kind: MainReplaced, PID: 11, Reason: "/run/w.pid"}, PhaseReady, "its main process is 11 now, as /run/w.pid says", ""},
		{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean}}, PhaseExited, "exit code 0", "f"},
	}},
	{"a probe finds the port of the next main process", func(s *plan.Spec) { inBackground(s); s.Ready.Kind = "tcp" }, []line{
		toReady[0], toReady[1], toReady[2],
		{0, Event{Kind: MainExited, Exit: report.Exit{Class: report.ExitClean}}, PhaseStarting, "", "F"},
		{0, Event{Kind: MainReplaced, PID: 9}, PhaseStarting, "its main process is 9 now", "p"},
		{0, Event{Kind: ReadinessProven}, PhaseStarting, "", "s"},
	}},
	{"the pidfile names no process", inBackground, []line{
		toReady[0], toReady[1],
		{0, Event{Kind: ProcessSpawned, PID: 7}, PhaseStarting, "", ""},
		{0, Event{Kind: MainExited, Exit: report.Exit{Class: report.ExitClean}}, PhaseStarting, "within 30s", "F"},
		{30 * time.Second, Event{Kind: DeadlinePassed}, PhaseStarting, "no other process of it has become its main process in time", "G"},
		{10 * time.Second, Event{Kind: DeadlinePassed}, PhaseStarting, "no other process", "G"},
		{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean, Error: "the program went to the background"}, Left: 1}, PhaseClearing, "exit code 0: the program went to the background", "sE"},
	}},
	{"a crash is not waited for", inBackground, []line{
		toReady[0], toReady[1],
		{0, Event{Kind: ProcessSpawned, PID: 7}, PhaseStarting, "", ""},
		{0, Event{Kind: MainExited, Exit: report.Exit{Class: report.ExitSignal, Signal: "SEGV", Code: -1}}, PhaseStarting, "killed by SIGSEGV, after 0s); ", "F"},
		{2 * time.Second, Event{Kind: DeadlinePassed}, PhaseStarting, "no other process", "G"},
	}},
	{"a stop while the main process is awaited", inBackground, []line{
		toReady[0], toReady[1],
		{time.Second, Event{Kind: ProcessSpawned, PID: 7}, PhaseStarting, "", ""},
		{0, Event{Kind: MainExited, Exit: report.Exit{Class: report.ExitClean}}, PhaseStarting, "", "F"},
		{0, Event{Kind: StopRequested}, PhaseEnding, "asked to stop; TERM sent", "sE"},
		{0, Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean}, Left: 1}, PhaseEnding, "", ""},
		{0, Event{Kind: ProcessesGone, EmptyProven: true}, PhaseStopped, "asked to stop", "f"},
	}},
	{"heartbeats overdue: a report that is old when it arrives", nil, tell(
		line{0, Event{Kind: HeartbeatsOverdue, Last: time.Unix(1, 0)}, PhaseUnready, "ended as unhealthy in 3s", ""},
		line{3 * time.Second, Event{Kind: DeadlinePassed}, PhaseEnding, "no heartbeat for 15s", "dE"},
	)},
}

func TestStories(t *testing.T) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			now := time.Now()
			r := Record{Spec: testSpec(), Reason: "not started yet"}
			if s.spec != nil {
				s.spec(r.Spec)
			}
			for i, l := range s.lines {
				now = now.Add(l.after)
				l.event.Random = 0.5
				var acts []Action
				r, acts, _ = Next(r, l.event, now)
				got := ""
				for _, a := range acts {
					got += string(letters[a.Kind])
				}
				if r.Phase != l.phase || !strings.Contains(r.Reason, l.reason) || got != l.acts {
					t.Fatalf("line %d, %s: %s %q %q, want %s %q %q", i, l.event.Kind, r.Phase, r.Reason, got, l.phase, l.reason, l.acts)
				}
			}
		})
	}
}

// TestDetachCauses has one case for each way in which a worker with tasks can
// end. The cause decides whether its tasks are charged.
func TestDetachCauses(t *testing.T) {
	exited := Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitSignal, Signal: "KILL", Code: -1}, Task: "T"}
	ended := Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean}} // without tasks: they were fenced before
	unknown := Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitUnknown}, Task: "T"}
	for name, c := range map[string]struct {
		events []Event
		want   DetachCause
		task   string // of the exit
	}{
		"it dies":                                {[]Event{exited}, DetachDied, "T"},
		"it dies while its heartbeats are late":  {[]Event{{Kind: HeartbeatsOverdue, Last: time.Unix(1, 0)}, exited}, DetachDied, "T"},
		"ended because its probe fails":          {[]Event{{Kind: ProbeFailed}, {Kind: ProbeFailed}, {Kind: ProbeFailed, Task: "T"}, ended}, DetachDied, "T"},
		"ended because a task does not stop":     {[]Event{{Kind: TaskStuck, Task: "T"}, ended}, DetachDied, "T"},
		"a task does not stop during the drain":  {[]Event{{Kind: StopRequested}, {Kind: TaskStuck, Task: "T"}, ended}, DetachRequested, ""},
		"stopped":                                {[]Event{{Kind: StopRequested}, {Kind: Drained}, exited}, DetachRequested, ""},
		"it dies while it drains":                {[]Event{{Kind: RestartRequested}, exited}, DetachRequested, ""},
		"killed on request":                      {[]Event{{Kind: KillRequested}, exited}, DetachRequested, ""},
		"the keeper is lost":                     {[]Event{{Kind: KeeperLost}}, DetachInterrupted, ""},
		"the keeper is lost while it is stopped": {[]Event{{Kind: StopRequested}, {Kind: KeeperLost}}, DetachRequested, ""},
		"no keeper saw its end":                  {[]Event{unknown}, DetachInterrupted, ""},
	} {
		now := time.Now()
		r := Record{Spec: testSpec()}
		for _, l := range toReady {
			r, _, _ = Next(r, l.event, now)
		}
		got := DetachCause(-1)
		for _, e := range c.events {
			var acts []Action
			r, acts, _ = Next(r, e, now)
			for _, a := range acts {
				if a.Kind == DetachDispatcher {
					got = a.Cause
				}
			}
		}
		if got != c.want || r.Ended.Task != c.task {
			t.Errorf("%s: cause %d, task %q; want %d, %q", name, got, r.Ended.Task, c.want, c.task)
		}
	}
}

// BenchmarkNext measures one event through the table.
func BenchmarkNext(b *testing.B) {
	now := time.Now()
	r := inPhase(PhaseReady, now)
	b.ReportAllocs()
	for b.Loop() {
		Next(r, Event{Kind: WatchdogBeat}, now)
	}
}

// TestReasonOfARequestedExit: the exit of a process that the initiator has ended
// keeps the reason, and the exit of the next one does not.
func TestReasonOfARequestedExit(t *testing.T) {
	now := time.Now()
	r := inPhase(PhaseReady, now)
	r.Spec.Restart.RecycleTasks = 5
	apply := func(e Event) { r, _, _ = Next(r, e, now) }
	apply(Event{Kind: Measured, Tasks: 5})
	apply(Event{Kind: Drained})
	apply(Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitClean}})
	apply(Event{Kind: ProcessesGone, EmptyProven: true})
	apply(Event{Kind: DependenciesMet})
	if e := r.LastExit; e.Class != report.ExitRequested || e.Reason != "recycled: it has done 5 tasks; drained" {
		t.Errorf("%+v", e)
	}
	apply(Event{Kind: ProcessSpawned, PID: 1})
	apply(Event{Kind: ProcessExited, Exit: report.Exit{Class: report.ExitNonzero, Code: 3}})
	if e := r.LastExit; e.Class != report.ExitNonzero || e.Reason != "" {
		t.Errorf("%+v", e)
	}
}
