package supervise

import (
	"strings"
	"testing"
	"time"

	"initiator/internal/plan"
)

func testSpec() *plan.Spec {
	return &plan.Spec{
		Name: "w", Command: []string{"true"}, Protocol: "webhook", Ready: plan.Ready{Kind: "webhook"},
		StartTimeout: 30 * time.Second, HeartbeatTolerance: 15 * time.Second, StopWait: 10 * time.Second,
		Drain: 30 * time.Second, StopSignal: "TERM", Restart: defaults(), Socket: "reserve", Probe: plan.Probe{Failures: 3},
	}
}

// inPhase is a plausible record of each phase.
func inPhase(p Phase, now time.Time) Record {
	r := Record{Spec: testSpec(), Phase: p, Reason: "as before", Since: now}
	if p == resting {
		return r
	}
	r.Wanted = !p.rests()
	r.Incarnation, r.Started = 3, now.Add(-time.Second)
	if p.lives() && p != spawning && p != clearing {
		r.PID = 42
	}
	switch p {
	case ready, unready, draining:
		r.Attached, r.Up, r.ReadySince = true, true, now
	case delayed:
		r.Next = now
	case ending:
		r.Cause, r.Why = toRestart, "asked to restart"
	case clearing:
		r.Death = Exit{Class: Code, Code: 1}
	}
	if p == draining {
		r.Cause = toStop
	}
	if r.Deadline = now; p == starting || p == ready {
		r.Deadline = now.Add(time.Second)
	}
	return r
}

// TestEveryCell walks the table: a cell acts or says why it does not, and
// whatever it does leaves a record that makes sense.
func TestEveryCell(t *testing.T) {
	now := time.Now()
	for p := range phases {
		for k := range kinds {
			c := table[p][k]
			if (c.do == nil) == (c.why == "") {
				t.Errorf("%s × %s: a cell either acts or says why it does not", p, k)
				continue
			}
			r, acts, reason := next(inPhase(p, now), Event{Kind: k, random: 0.5}, now)
			checkCell(t, p, k, r, acts, reason)
		}
	}
}

func checkCell(t *testing.T, p Phase, k Kind, r Record, acts []Action, reason string) {
	t.Helper()
	if reason == "" || r.Reason == "" {
		t.Errorf("%s × %s: no reason", p, k)
	}
	if !r.Phase.lives() && (r.PID != 0 || r.Attached) {
		t.Errorf("%s × %s: nothing lives in %s, but pid %d, attached %t", p, k, r.Phase, r.PID, r.Attached)
	}
	if r.Phase == delayed && r.Next.IsZero() {
		t.Errorf("%s × %s: a delay without an end", p, k)
	}
	if (r.Phase == ending || r.Phase == clearing || r.Phase == draining) && r.Deadline.IsZero() {
		t.Errorf("%s × %s: %s could last for ever", p, k, r.Phase)
	}
	for _, a := range acts {
		if a.Kind == actSpawn && p != waiting {
			t.Errorf("%s × %s: spawns although the row is not waiting", p, k)
		}
		if a.Kind == actFree && !r.Phase.rests() {
			t.Errorf("%s × %s: frees the port in %s", p, k, r.Phase)
		}
	}
}

// TestStaleIncarnation: no event about a dead process changes a living one.
func TestStaleIncarnation(t *testing.T) {
	now := time.Now()
	for p := range phases {
		for k := range kinds {
			before := inPhase(p, now)
			after, acts, reason := next(before, Event{Kind: k, Incarnation: 2}, now)
			if len(acts) != 0 || after.Phase != before.Phase || after.Reason != before.Reason || !strings.Contains(reason, "another incarnation") {
				t.Errorf("%s × %s of incarnation 2, at %d: %s", p, k, before.Incarnation, reason)
			}
		}
	}
}

// story is a sequence of events and the phase and reason after each.
type story struct {
	name  string
	spec  func(*plan.Spec)
	lines []line
}

type line struct {
	after  time.Duration // since the line before
	event  Event
	phase  Phase
	reason string // a part of it
	acts   string // the actions' letters, as in letters
}

var letters = "cSEpsADdrmf" // check Spawn End probe settle Attach Drain detach repick measure free

var toReady = []line{
	{0, Event{Kind: askStart}, waiting, "asked to start", "c"},
	{0, Event{Kind: cleared}, spawning, "incarnation 1 is being launched", "S"},
	{0, Event{Kind: spawned, pid: 7}, starting, "pid 7 runs; not ready yet", "p"},
	{time.Second, Event{Kind: proven}, ready, "ready after 1s", "sA"},
}

func tell(lines ...line) []line { return append(append([]line(nil), toReady...), lines...) }

var stories = []story{
	{"a stop drains, ends and is empty", nil, tell(
		line{0, Event{Kind: askStop}, draining, "waiting for its running tasks", "D"},
		line{0, Event{Kind: Drained}, ending, "drained", "E"},
		line{0, Event{Kind: exited, exit: Exit{Class: Clean}}, ending, "drained", "d"},
		line{0, Event{Kind: emptied, proven: true}, resting, "asked to stop; drained", "f"},
	)},
	{"drain has an end", nil, tell(
		line{0, Event{Kind: askStop}, draining, "", "D"},
		line{30 * time.Second, Event{Kind: tick}, ending, "tasks still ran after 30s", "E"},
	)},
	{"SIGKILL from outside: at once again", nil, tell(
		line{time.Second, Event{Kind: exited, exit: Exit{Class: Signal, Signal: "KILL", Code: -1}}, waiting, "killed by SIGKILL, after 2s; started again at once (restart 1, death 1 of 10", "dc"},
		line{0, Event{Kind: cleared}, spawning, "incarnation 2", "S"},
		line{0, Event{Kind: spawned, pid: 8}, starting, "", "p"},
		line{0, Event{Kind: exited, exit: Exit{Class: Code, Code: 3}}, delayed, "exit code 3, after 0s; started again in 100ms", "s"},
		line{100 * time.Millisecond, Event{Kind: tick}, waiting, "exit code 3", "c"},
	)},
	{"leftovers are ended before the restart", nil, tell(
		line{0, Event{Kind: exited, exit: Exit{Class: Code, Code: 1}, left: 2}, clearing, "2 processes it left behind", "dE"},
		line{0, Event{Kind: emptied, proven: true}, waiting, "started again at once", "c"},
	)},
	{"a clean end is left at that", nil, tell(
		line{0, Event{Kind: exited, exit: Exit{Class: Clean}}, over, "exit code 0, after 1s; not started again (autorestart = unexpected)", "df"},
		line{0, Event{Kind: askStart}, waiting, "asked to start", "c"},
	)},
	{"heartbeats overdue, and back", nil, tell(
		line{0, Event{Kind: Overdue}, unready, "ended as unhealthy in 15s", ""},
		line{time.Second, Event{Kind: Beating}, ready, "ready again", ""},
	)},
	{"heartbeats overdue: killed, judged, again", nil, tell(
		line{0, Event{Kind: Overdue}, unready, "", ""},
		line{15 * time.Second, Event{Kind: tick}, ending, "no heartbeat for 15s", "E"},
		line{0, Event{Kind: exited, exit: Exit{Class: Signal, Signal: "KILL", Code: -1}}, ending, "", "d"},
		line{0, Event{Kind: emptied}, waiting, "unhealthy: no heartbeat for 15s", "c"},
	)},
	{"start timeout", nil, []line{
		toReady[0], toReady[1], toReady[2],
		{time.Second, Event{Kind: hinted, Reason: "pid 9 (nginx) listens on its port"}, starting, "nginx", ""},
		{29 * time.Second, Event{Kind: tick}, ending, "not ready within 30s: pid 9 (nginx) listens on its port", "sE"},
		{0, Event{Kind: emptied}, waiting, "start timeout: not ready within 30s", "c"},
	}},
	{"startsecs", func(s *plan.Spec) { s.StartSecs = 2 * time.Second; s.Ready.Kind = "alive"; s.Protocol = "none" }, []line{
		toReady[0], toReady[1],
		{0, Event{Kind: spawned, pid: 7}, starting, "RUNNING when it has lived for 2s", ""},
		{2 * time.Second, Event{Kind: tick}, ready, "ready after 2s", ""},
	}},
	{"READY=1 overtakes the keeper", func(s *plan.Spec) { s.Ready.Kind = "notify"; s.Protocol = "none" }, []line{
		toReady[0], toReady[1],
		{0, Event{Kind: proven, Reason: "READY=1"}, spawning, "being launched", ""},
		{0, Event{Kind: spawned, pid: 7}, ready, "ready after 0s", ""},
	}},
	{"a stop during the delay", nil, tell(
		line{0, Event{Kind: exited, exit: Exit{Class: Code, Code: 1}}, waiting, "", "dc"},
		line{0, Event{Kind: cleared}, spawning, "", "S"},
		line{0, Event{Kind: spawnFailed, Reason: "no such file"}, delayed, "spawn error: no such file", "s"},
		line{0, Event{Kind: askStop}, resting, "stopped", "f"},
	)},
	{"a start during a stop", nil, tell(
		line{0, Event{Kind: askStop}, draining, "", "D"},
		line{0, Event{Kind: askStart}, draining, "started again as soon as", ""},
		line{0, Event{Kind: Drained}, ending, "", "E"},
		line{0, Event{Kind: emptied, proven: true}, waiting, "", "dc"},
	)},
	{"the keeper is lost", nil, tell(
		line{0, Event{Kind: lost}, waiting, "killed by SIGKILL: keeper lost", "dc"},
	)},
	{"the port was taken", nil, []line{
		toReady[0], toReady[1], toReady[2],
		{0, Event{Kind: exited, exit: Exit{Class: PortTaken, Code: 1}}, waiting, "started again at once (next port", "src"},
	}},
	{"recycled by its tasks", func(s *plan.Spec) { s.Restart.RecycleTasks = 5 }, tell(
		line{0, Event{Kind: Measured, Tasks: 4}, ready, "", ""},
		line{0, Event{Kind: Measured, Tasks: 5}, draining, "recycled: it has done 5 tasks", "D"},
		line{0, Event{Kind: Drained}, ending, "", "E"},
		line{0, Event{Kind: emptied}, waiting, "recycled", "dc"},
	)},
	{"recycled by its age", func(s *plan.Spec) { s.Restart.RecycleAge = time.Hour }, tell(
		line{time.Hour, Event{Kind: tick}, draining, "older than 1h", "D"},
	)},
	{"recycled by its memory", func(s *plan.Spec) { s.Restart.RecycleRSS = 1 << 20 }, tell(
		line{10 * time.Second, Event{Kind: tick}, ready, "ready after", "m"},
		line{0, Event{Kind: Measured, RSS: 1 << 19}, ready, "", ""},
		line{0, Event{Kind: Measured, RSS: 3 << 20}, draining, "recycled: it holds 3 MiB", "D"},
	)},
	{"deaths are forgotten", nil, tell(
		line{0, Event{Kind: lost}, waiting, "", "dc"},
		line{0, Event{Kind: cleared}, spawning, "", "S"},
		line{0, Event{Kind: spawned}, starting, "", "p"},
		line{0, Event{Kind: proven}, ready, "", "sA"},
		line{10 * time.Minute, Event{Kind: tick}, ready, "its deaths are forgotten", ""},
		line{0, Event{Kind: lost}, waiting, "death 1 of 10", "dc"},
	)},
	{"the probe: unwell, and well again", nil, tell(
		line{0, Event{Kind: ailing, Reason: "GET / answers 500"}, unready, "probe: GET / answers 500 (1 of 3)", ""},
		line{time.Hour, Event{Kind: ailing, Reason: "GET / answers 500"}, unready, "(2 of 3)", ""},
		line{0, Event{Kind: well}, ready, "ready again: the probe is satisfied", ""},
		line{0, Event{Kind: ailing}, unready, "(1 of 3)", ""},
	)},
	{"the probe: unwell three times in a row", nil, tell(
		line{0, Event{Kind: ailing}, unready, "", ""},
		line{0, Event{Kind: ailing}, unready, "", ""},
		line{0, Event{Kind: ailing, Reason: "GET / answers 500"}, ending, "probe: GET / answers 500 (3 times in a row)", "E"},
		line{0, Event{Kind: emptied}, waiting, "unhealthy: probe: GET / answers 500", "dc"},
	)},
	{"unwell and without heartbeats: both must be mended", nil, tell(
		line{0, Event{Kind: Overdue}, unready, "", ""},
		line{0, Event{Kind: ailing}, unready, "(1 of 3)", ""},
		line{0, Event{Kind: well}, unready, "", ""},
		line{0, Event{Kind: ailing}, unready, "(1 of 3)", ""},
		line{0, Event{Kind: Beating}, unready, "", ""},
		line{time.Hour, Event{Kind: tick}, unready, "", ""},
		line{0, Event{Kind: well}, ready, "ready again", ""},
	)},
	{"WATCHDOG=1 binds once it was sent", nil, tell(
		line{time.Hour, Event{Kind: tick}, ready, "", ""},
		line{0, Event{Kind: watchdog}, ready, "", ""},
		line{15 * time.Second, Event{Kind: tick}, ending, "no WATCHDOG=1 for 15s", "E"},
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
				l.event.random = 0.5
				var acts []Action
				r, acts, _ = next(r, l.event, now)
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
