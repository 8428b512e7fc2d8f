package supervise

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

func init() {
	roles["late"] = func() int { // serves when it is told to
		told := make(chan os.Signal, 1)
		signal.Notify(told, syscall.SIGUSR1)
		fmt.Println("PID", os.Getpid())
		<-told
		return serveWebhook("127.0.0.1:" + os.Getenv("PORT"))
	}
}

// TestReloadWhileItStarts: a reload about another key forgets no start that is
// under way.
func TestReloadWhileItStarts(t *testing.T) {
	t.Parallel()
	sp := spec("w", "late", func(sp *plan.Spec) { sp.StartTimeout = 0 })
	s := open(t, planOf(sp))
	pid := numberOf(t, s.line("PID "))
	sp.Restart.Limit++
	if err := s.ApplyPlan(t.Context(), planOf(sp)); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if tr := s.ready("w", 1); tr.PID != pid {
		t.Errorf("%+v", tr)
	}
}

// TestReloadTakesAwayWhatIsWaitedFor: a worker does not wait for a dependency
// that has left the file.
func TestReloadTakesAwayWhatIsWaitedFor(t *testing.T) {
	t.Parallel()
	db := spec("db", "wait", plain, func(sp *plan.Spec) { sp.Autostart = false })
	app := spec("app", "wait", plain, func(sp *plan.Spec) { sp.After = []plan.Dependency{{Name: "db", Condition: "ready"}} })
	s := open(t, planOf(db, app))
	s.saw("the wait", func(tr report.Event) bool { return tr.Name == "app" && tr.To == report.Stopped })
	app.After = nil
	if err := s.ApplyPlan(t.Context(), planOf(db, app)); err != nil {
		t.Fatal(err)
	}
	s.ready("app", 1)
}

// TestScaleTakesAwayWhatIsWaitedFor: one of two workers is ready and the other
// never becomes ready. Without the second worker the dependency is met.
func TestScaleTakesAwayWhatIsWaitedFor(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(
		spec("db", "", plain, func(sp *plan.Spec) {
			sp.Command = []string{"/bin/sh", "-c", "test $INITIATOR_GUID = bad && exit 1; echo up; exec sleep 1000"}
			sp.Restart.Limit, sp.Ready = 1, plan.Ready{Kind: "line", Pattern: "up"}
		}),
		spec("app", "wait", plain, func(sp *plan.Spec) {
			sp.Autostart, sp.After = false, []plan.Dependency{{Name: "db", Condition: "ready"}}
		}),
	))
	s.ready("db", 1)
	if _, err := s.LaunchWorker(t.Context(), "db", "bad"); err == nil {
		t.Fatal("it is ready")
	}
	go func() { _, _ = s.Start(context.Background(), "app") }()
	s.saw("the wait", func(tr report.Event) bool { return tr.Name == "app" })
	if err := s.ScalePool(t.Context(), "db", 1); err != nil {
		t.Fatal(err)
	}
	s.ready("app", 1)
}
