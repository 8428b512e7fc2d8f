package supervise

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// draining opens a stage with workers whose drain ends only when the test says
// so, and waits until they are ready.
func draining(t *testing.T, specs ...plan.Spec) *stage {
	for i := range specs {
		specs[i].Drain = time.Hour
	}
	s := openWith(t, &dispatcher{}, planOf(specs...))
	t.Cleanup(s.KillAll)
	for _, sp := range specs {
		s.ready(sp.Name, 1)
	}
	return s
}

// begin carries out a request in the background, after it has reached the worker.
func (s *stage) begin(name string, to report.State, request func(context.Context, ...string) ([]report.Result, error), names ...string) <-chan []report.Result {
	answer := make(chan []report.Result, 1)
	go func() {
		results, err := request(context.Background(), names...)
		if err != nil {
			results = []report.Result{{Error: err.Error()}}
		}
		answer <- results
	}()
	s.saw("the request", func(tr report.Event) bool { return tr.Name == name && tr.To == to })
	return answer
}

// waits waits until n requests wait for a worker.
func (s *stage) waits(name string, n int) {
	s.t.Helper()
	waiting := -1
	for began := time.Now(); waiting != n; runtime.Gosched() {
		if time.Since(began) > patience {
			s.t.Fatalf("%d requests wait for %s, want %d", waiting, name, n)
		}
		if err := s.askLoop(s.t.Context(), func(l *loop) error {
			waiting = len(l.pools[name].workers[0].waiters)
			return nil
		}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// drained ends the drain of a worker.
func (s *stage) drained(name string) {
	w := s.one(name)
	s.ReportEvent(lifecycle.Event{Kind: lifecycle.Drained, GUID: w.GUID, Incarnation: w.Incarnation})
}

// receive returns the answer to a request, which must come.
func (s *stage) receive(answer <-chan []report.Result) []report.Result {
	s.t.Helper()
	select {
	case results := <-answer:
		return results
	case <-time.After(patience):
		s.t.Fatalf("no answer; the workers: %+v", s.Workers())
		return nil
	}
}

// TestStopThatAStartReplaces: the stop returns and says so, and the start brings
// the worker back.
func TestStopThatAStartReplaces(t *testing.T) {
	t.Parallel()
	s := draining(t, spec("w", "webhook"))
	stop := s.begin("w", report.Stopping, s.Stop, "w")
	start := make(chan []report.Result, 1)
	go func() {
		results, _ := s.Start(context.Background(), "w")
		start <- results
	}()
	if r := s.receive(stop); len(r) != 1 || !r[0].Replaced || !strings.Contains(r[0].Error, "a later request replaced this one: STOPPING: will be restarted") {
		t.Errorf("the stop: %+v", r)
	}
	s.drained("w")
	if r := s.receive(start); len(r) != 1 || r[0].Error != "" || r[0].Worker.Incarnation != 2 {
		t.Errorf("the start: %+v", r)
	}
}

// TestStartThatAStopReplaces: also a restart.
func TestStartThatAStopReplaces(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "wait", func(sp *plan.Spec) { sp.StartTimeout = 0 })))
	s.reaches("w", report.Starting)
	start := s.begin("w", report.Starting, s.Start, "w")
	s.waits("w", 1)
	restart := s.begin("w", report.Stopping, s.Restart, "w")
	s.saw("the restart", func(tr report.Event) bool { return tr.Incarnation == 2 && tr.To == report.Starting })
	if _, err := s.Stop(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	for what, answer := range map[string]<-chan []report.Result{"start": start, "restart": restart} {
		if r := s.receive(answer); len(r) != 1 || !r[0].Replaced || !strings.Contains(r[0].Error, "asked to stop") {
			t.Errorf("the %s: %+v", what, r)
		}
	}
}

// TestReloadLeavesAStopAlone: a reload does not bring back a worker that a
// person is stopping.
func TestReloadLeavesAStopAlone(t *testing.T) {
	t.Parallel()
	s := draining(t, spec("w", "webhook"))
	stop := s.begin("w", report.Stopping, s.Stop, "w")
	if err := s.ApplyPlan(t.Context(), planOf(spec("w", "webhook", func(sp *plan.Spec) { sp.Slots = 7 }))); err != nil {
		t.Fatal(err)
	}
	s.drained("w")
	if r := s.receive(stop); len(r) != 1 || r[0].Error != "" || r[0].Worker.State != report.Stopped {
		t.Errorf("the stop: %+v", r)
	}
}

// TestStopWhoseLaterStageIsReplaced: `start all` overtakes `stop all` while the
// first of two tiers drains. The second tier is not stopped any more.
func TestStopWhoseLaterStageIsReplaced(t *testing.T) {
	t.Parallel()
	s := draining(t, spec("db", "webhook"), spec("app", "webhook", func(sp *plan.Spec) {
		sp.After = []plan.Dependency{{Name: "db", Condition: "ready"}}
	}))
	stop := s.begin("app", report.Stopping, s.Stop, "all")
	start := make(chan []report.Result, 1)
	go func() {
		results, _ := s.Start(context.Background(), "all")
		start <- results
	}()
	r := s.receive(stop)
	if len(r) != 2 || !r[0].Replaced || !r[1].Replaced || r[1].Worker.Name != "db" {
		t.Errorf("the stop: %+v", r)
	}
	s.drained("app")
	s.receive(start)
	if w := s.one("db"); w.Incarnation != 1 || !w.Ready {
		t.Errorf("db was touched: %+v", w)
	}
}

// TestStopGoesOnWithoutItsCaller: the tiers that are left are stopped too.
func TestStopGoesOnWithoutItsCaller(t *testing.T) {
	t.Parallel()
	s := draining(t, spec("db", "webhook"), spec("app", "webhook", func(sp *plan.Spec) {
		sp.After = []plan.Dependency{{Name: "db", Condition: "ready"}}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	stop := s.begin("app", report.Stopping, func(_ context.Context, names ...string) ([]report.Result, error) { return s.Stop(ctx, names...) }, "all")
	cancel()
	s.receive(stop)
	s.drained("app")
	s.saw("the stop of db", func(tr report.Event) bool { return tr.Name == "db" && tr.To == report.Stopping })
	s.drained("db")
	s.reaches("db", report.Stopped)
}

// TestStartStartsWhatIsNeeded: a start of a worker starts the workers at rest
// that it comes after, but does not repeat a job that has done its work.
func TestStartStartsWhatIsNeeded(t *testing.T) {
	t.Parallel()
	manual := func(after ...string) func(*plan.Spec) {
		return func(sp *plan.Spec) {
			plain(sp)
			sp.Autostart = false
			for _, name := range after {
				name, condition, _ := strings.Cut(name, ":")
				sp.After = append(sp.After, plan.Dependency{Name: name, Condition: condition})
			}
		}
	}
	broken := func(sp *plan.Spec) { sp.Restart.Limit, sp.StartSecs = 1, patience }
	s := open(t, planOf(
		spec("disk", "wait", manual()), spec("db", "wait", manual("disk:ready")),
		spec("migrate", "exit 0", manual("db:ready"), func(sp *plan.Spec) { sp.StartSecs = patience }), spec("app", "wait", manual("db:ready", "migrate:completed_successfully")),
		spec("broken", "exit 1", manual(), broken), spec("middle", "wait", manual("broken:ready")), spec("top", "wait", manual("middle:ready")),
		spec("none", "wait", manual(), func(sp *plan.Spec) { sp.Replicas = 0 }), spec("lost", "wait", manual("none:ready")),
	))
	states := func(results []report.Result, err error) string {
		var text []string
		for _, r := range results {
			text = append(text, r.Worker.Name+" "+r.Worker.State.String()+" "+r.Error)
		}
		if err != nil {
			text = append(text, err.Error())
		}
		return strings.Join(text, "\n")
	}
	if got := states(s.Start(t.Context(), "app")); got != "disk RUNNING \ndb RUNNING \nmigrate EXITED \napp RUNNING " {
		t.Errorf("start app:\n%s", got)
	}
	if _, err := s.Stop(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	if got := states(s.Start(t.Context(), "app")); got != "app RUNNING " {
		t.Errorf("start app again:\n%s", got)
	}
	got := states(s.Start(t.Context(), "top"))
	for _, want := range []string{"broken FATAL FATAL: exit code 1", "middle STOPPED STOPPED: waits for broken: ready (it is FATAL: `initiator why broken` says why)", "top STOPPED STOPPED: waits for middle: ready (it waits for broken: ready"} {
		if !strings.Contains(got, want) {
			t.Errorf("start top:\n%s\nwithout %q", got, want)
		}
	}
	if got := states(s.Start(t.Context(), "lost")); got != "lost STOPPED STOPPED: waits for none: ready (it has no workers: scale it)" {
		t.Errorf("start lost:\n%s", got)
	}
	if got := states(s.Restart(t.Context(), "lost")); !strings.Contains(got, "it has no workers") {
		t.Errorf("restart lost:\n%s", got)
	}
}

// TestRollingRestartLeavesOutAStop: a worker that is stopped during a rolling
// restart stays stopped, and the workers after it are restarted.
func TestRollingRestartLeavesOutAStop(t *testing.T) {
	t.Parallel()
	prio := func(n int) func(*plan.Spec) { return func(sp *plan.Spec) { sp.Priority = n } }
	s := draining(t, spec("a", "webhook", prio(1)), spec("b", "webhook", prio(2)), spec("c", "webhook", prio(3)))
	rolling := s.begin("a", report.Stopping, s.RestartRolling, "a", "b", "c")
	stop := s.begin("b", report.Stopping, s.Stop, "b")
	s.drained("b")
	s.receive(stop)
	s.drained("a")
	s.saw("the stop of c", func(tr report.Event) bool { return tr.Name == "c" && tr.To == report.Stopping })
	s.drained("c")
	r := s.receive(rolling)
	if len(r) != 3 || r[0].Error != "" || !r[1].Replaced || r[2].Error != "" || s.one("b").State != report.Stopped {
		t.Errorf("%+v", r)
	}
}
