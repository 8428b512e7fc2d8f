package supervise

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// TestStopAnswers: the answer to a stop of each kind of worker, and that it is
// true.
func TestStopAnswers(t *testing.T) {
	escapes := func(script string) func(*plan.Spec) {
		return func(sp *plan.Spec) {
			plain(sp)
			sp.Command = []string{"/bin/sh", "-c", script}
			sp.Ready, sp.StopWait = plan.Ready{Kind: "line", Pattern: "^PID"}, 100*time.Millisecond
		}
	}
	for _, c := range []struct {
		name   string
		change func(*plan.Spec)
		proven bool
		kill   bool // the first process is killed first, from outside
	}{
		{"obedient", escapes("echo PID $$; exec sleep 1000"), true, false},
		{"deaf", escapes("trap '' TERM; echo PID $$; while :; do sleep 1; done"), true, false},
		{"a descendant in another session", escapes("setsid sleep 1000 & echo PID $!; wait"), true, false},
		{"forked twice, without our marks, still below it", escapes("env -i setsid sleep 1000 & echo PID $!; wait"), true, false},
		{"an orphan without our marks", escapes("(env -i setsid sleep 1000 & echo PID $!); exec sleep 1000"), true, true},
		{"out of reach: an orphan without any mark", escapes("(env -i setsid prlimit --rttime=unlimited sleep 1000 & echo PID $!); exec sleep 1000"), false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, planOf(spec("w", "", c.change, func(sp *plan.Spec) { sp.Restart.Auto = "false" })))
			leader := s.ready("w", 1).PID
			pid := numberOf(t, s.line("PID "))
			if c.kill { // the descendant was an orphan before the keeper looked, and has no relative now
				_ = syscall.Kill(leader, syscall.SIGKILL)
				s.reaches("w", report.Exited)
			}
			results, err := s.Stop(t.Context(), "w")
			if err != nil || len(results) != 1 || results[0].Error != "" {
				t.Fatalf("stop: %+v %v", results, err)
			}
			r := results[0]
			switch {
			case c.proven && (!r.EmptyProven || len(r.Worker.Unattributed) != 0 || alive(pid)):
				t.Errorf("%+v; its descendant lives: %t", r, alive(pid))
			case !c.proven && alive(pid) && (r.EmptyProven || len(r.Worker.Unattributed) != 1):
				t.Errorf("pid %d lives, and it says %+v", pid, r)
			}
			s.close()
			if alive(pid) || alive(leader) { // a process that could not be attributed ends with the keeper
				t.Error("something is left after the end of the keeper")
			}
		})
	}
}

// TestStopOrder: one after another where priority or `after` say so, in reverse
// of the start, and otherwise together.
func TestStopOrder(t *testing.T) {
	t.Parallel()
	slow := func(sp *plan.Spec) {
		plain(sp)
		sp.Ready, sp.StopWait = plan.Ready{Kind: "line", Pattern: "^ignoring$"}, 100*time.Millisecond
	}
	s := open(t, planOf(
		spec("log", "stubborn", slow, func(sp *plan.Spec) { sp.Priority = 1 }),
		spec("db", "stubborn", slow, func(sp *plan.Spec) { sp.Replicas = 3 }),
		spec("app", "stubborn", slow, func(sp *plan.Spec) {
			sp.Replicas, sp.After = 3, []plan.Dependency{{Name: "db", Condition: "ready"}}
		}),
	))
	s.until("all ready", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 7 })
	results, err := s.Stop(t.Context(), "all")
	if err != nil || len(results) != 7 {
		t.Fatalf("%+v %v", results, err)
	}
	began, ended := map[string][]uint64{}, map[string][]uint64{}
	for _, tr := range s.seen {
		switch {
		case tr.To == report.Stopping:
			began[tr.Name] = append(began[tr.Name], tr.Seq)
		case tr.From == report.Stopping:
			ended[tr.Name] = append(ended[tr.Name], tr.Seq)
		}
	}
	for _, name := range []string{"app", "db"} {
		if b, e := began[name], ended[name]; len(b) != 3 || len(e) != 3 || b[2] > e[0] {
			t.Errorf("%s did not stop together: began %v, ended %v", name, b, e)
		}
	}
	if ended["app"][2] > began["db"][0] || ended["db"][2] > began["log"][0] {
		t.Errorf("began %v, ended %v: want app, then db, then log", began, ended)
	}
}

// TestDrainComesFirst: no signal before the last task has ended, and no task
// after the drain began.
func TestDrainComesFirst(t *testing.T) {
	t.Parallel()
	d := &dispatcher{}
	s := openWith(t, d, planOf(spec("w", "webhook", func(sp *plan.Spec) { sp.Drain = time.Hour })))
	w := s.ready("w", 1)
	answer := make(chan []report.Result)
	go func() {
		results, _ := s.Stop(context.Background(), "w")
		answer <- results
	}()
	s.saw("the drain", func(tr report.Event) bool {
		return tr.To == report.Stopping && strings.Contains(tr.Reason, "waiting for its running tasks")
	})
	if !alive(w.PID) || d.all() != "attach 1; drain 1" {
		t.Errorf("alive %t while it drains, told %s", alive(w.PID), d.all())
	}
	s.ReportEvent(lifecycle.Event{Kind: lifecycle.Drained, GUID: w.GUID, Incarnation: 1})
	results := <-answer
	if len(results) != 1 || !results[0].EmptyProven || alive(w.PID) || !strings.Contains(results[0].Worker.Reason, "drained") {
		t.Errorf("%+v", results)
	}
}
