package supervise

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

func TestLaunch(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("adder", "webhook", func(sp *plan.Spec) { sp.Replicas = 0 }), spec("broken", "exit 1", plain, func(sp *plan.Spec) {
		sp.Replicas, sp.Restart.Limit, sp.StartSecs = 0, 1, patience
	}), spec("done", "exit 0", plain, func(sp *plan.Spec) { sp.Replicas, sp.StartSecs = 0, patience })))
	w, err := s.LaunchWorker(t.Context(), "adder", "mine")
	if err != nil || w.GUID != "mine" || !w.Ready || w.Incarnation != 1 {
		t.Errorf("launch: %+v %v", w, err)
	}
	for _, c := range []struct{ spec, guid, want string }{
		{"adder", "mine", "a worker of that guid exists"},
		{"adder", "no/slash", "at most 64 letters"},
		{"addr", "", `did you mean "adder"?`},
		{"broken", "", "FATAL: exit code 1"},
		{"done", "", "EXITED: exit code 0"},
	} {
		if _, err := s.LaunchWorker(t.Context(), c.spec, c.guid); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("launch %s %q: %v", c.spec, c.guid, err)
		}
	}
	var unknown *UnknownNameError
	if _, err := s.Stop(t.Context(), "nobody"); !errors.As(err, &unknown) {
		t.Errorf("stop nobody: %v", err)
	} else if want := "there is no worker nobody; known names: adder, broken, done"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

func TestScale(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "webhook")))
	if err := s.ScalePool(t.Context(), "w", 3); err != nil {
		t.Fatal(err)
	}
	all := s.Workers()
	if len(all) != 3 || !all[1].Ready || !all[2].Ready {
		t.Fatalf("scaled to 3: %+v", all)
	}
	if err := s.ScalePool(t.Context(), "w", 1); err != nil {
		t.Fatal(err)
	}
	left := s.Workers()
	if len(left) != 1 || left[0].GUID != all[0].GUID || alive(all[2].PID) {
		t.Errorf("scaled to 1: %+v", left)
	}
}

// TestOnePortServesOneWorker: a second worker for a fixed port is refused.
func TestOnePortServesOneWorker(t *testing.T) {
	t.Parallel()
	port := takePorts(1).Min
	s := open(t, planOf(spec("w", "webhook", func(sp *plan.Spec) { sp.Port = port })))
	s.ready("w", 1)
	var one *OnePortError
	if _, err := s.LaunchWorker(t.Context(), "w", ""); !errors.As(err, &one) || one.Port != port {
		t.Errorf("launch: %v", err)
	}
	if err := s.ScalePool(t.Context(), "w", 2); !errors.As(err, &one) {
		t.Errorf("scale: %v", err)
	}
	if n := len(s.Workers()); n != 1 {
		t.Errorf("%d workers", n)
	}
	if _, err := s.Stop(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	if w, err := s.LaunchWorker(t.Context(), "w", ""); err != nil || w.Port != port {
		t.Errorf("launch while the first one rests: %+v, %v", w, err)
	}
}

// TestWorkersAreInTheOrderOfThePlan: this holds for later workers as well.
func TestWorkersAreInTheOrderOfThePlan(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("b", "webhook"), spec("a", "wait", plain)))
	if err := s.ApplyPlan(t.Context(), planOf(spec("c", "wait", plain), spec("b", "webhook"), spec("a", "wait", plain))); err != nil {
		t.Fatal(err)
	}
	if err := s.ScalePool(t.Context(), "b", 2); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range s.Workers() {
		got = append(got, fmt.Sprintf("%s:%d", w.Name, w.Index))
	}
	if want := []string{"c:0", "b:0", "b:1", "a:0"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestApply: only what differs is changed.
func TestApply(t *testing.T) {
	t.Parallel()
	p := planOf(spec("kept", "webhook"), spec("changed", "webhook"), spec("removed", "webhook"))
	s := open(t, p)
	for _, name := range []string{"kept", "changed", "removed"} {
		s.ready(name, 1)
	}
	kept, removed := s.one("kept"), s.one("removed")
	next := planOf(spec("kept", "webhook", func(sp *plan.Spec) { sp.Restart.Limit = 3 }),
		spec("changed", "webhook", func(sp *plan.Spec) { sp.Slots = 7; sp.Replicas = 2 }), spec("added", "webhook"))
	if err := s.ApplyPlan(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if w := s.one("kept"); w.PID != kept.PID || w.Incarnation != 1 {
		t.Errorf("kept was touched: %+v", w)
	}
	if w := s.one("changed"); w.Incarnation != 2 || !w.Ready {
		t.Errorf("changed was not restarted: %+v", w)
	}
	if w := s.one("added"); !w.Ready {
		t.Errorf("added is not ready: %+v", w)
	}
	if alive(removed.PID) || len(s.Workers()) != 4 {
		t.Errorf("removed is still there: %+v", s.Workers())
	}
}

func TestStartAgainAfterFatal(t *testing.T) {
	t.Parallel()
	flag := t.TempDir() + "/flag"
	s := open(t, planOf(spec("w", "", plain, func(sp *plan.Spec) {
		sp.Command = []string{"/bin/sh", "-c", "test -e " + flag + " && exec sleep 100; exit 4"}
		sp.Restart.Limit, sp.Ready.Kind, sp.StartSecs = 1, "alive", 0
	})))
	s.reaches("w", report.Fatal)
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	results, err := s.Start(t.Context(), "w")
	if err != nil || results[0].Error != "" || results[0].Worker.Deaths != 0 {
		t.Errorf("start after FATAL: %+v %v", results, err)
	}
	if results, err := s.Stop(t.Context(), "w"); err != nil || !results[0].EmptyProven {
		t.Errorf("stop: %+v %v", results, err)
	}
}

func TestRequestsAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "wait", plain)))
	s.ready("w", 1)
	s.cancel()
	<-s.done
	if _, err := s.Start(t.Context(), "w"); !errors.Is(err, ErrEnded) {
		t.Errorf("start after the end: %v", err)
	}
	if w := s.Workers(); len(w) != 1 || w[0].State != report.Stopped {
		t.Errorf("the workers after the end: %+v", w)
	}
	s.ReportEvent(lifecycle.Event{Kind: lifecycle.HeartbeatsOverdue, GUID: "nobody"})
}

// TestNobodyWaitsForEver: a client that has gone leaves no waiter at a worker
// that does not change.
func TestNobodyWaitsForEver(t *testing.T) {
	t.Parallel()
	p := planOf(spec("w", "wait", plain, func(sp *plan.Spec) { sp.After = []plan.Dependency{{Name: "db", Condition: "ready"}} }))
	s := open(t, p)
	ctx, cancel := context.WithCancel(t.Context())
	s.saw("the wait", func(tr report.Event) bool { return tr.Name == "w" })
	_, err := s.awaitRequest(ctx, func(l *loop) (*waiter, error) {
		x := l.requestState(l.order, lifecycle.StartRequested, "")
		cancel() // as soon as it waits
		return x, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	left := 1
	for began := time.Now(); left > 0 && time.Since(began) < patience; runtime.Gosched() {
		if err := s.askLoop(t.Context(), func(l *loop) error { left = len(l.order[0].waiters); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if left != 0 {
		t.Errorf("%d wait", left)
	}
}

// TestRecycleIsExplained: the log has the reason at once, and `why` has it later.
func TestRecycleIsExplained(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "webhook", func(sp *plan.Spec) { sp.Restart.RecycleTasks = 3 })))
	w := s.ready("w", 1)
	s.ReportEvent(lifecycle.Event{Kind: lifecycle.Measured, GUID: w.GUID, Incarnation: 1, Tasks: 3})
	s.ready("w", 2)
	answers, err := s.ExplainWorkers(t.Context(), "w")
	if err != nil || !strings.Contains(answers[0].Sentence, " ago (recycled: it has done 3 tasks; ") {
		t.Errorf("%+v %v", answers, err)
	}
	s.close()
	if text := s.log.String(); !strings.Contains(text, `worker is being replaced: worker=w guid=`+w.GUID+` incarnation=1 reason="recycled: it has done 3 tasks"`) {
		t.Error(text)
	}
}
