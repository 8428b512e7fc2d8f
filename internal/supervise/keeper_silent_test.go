package supervise

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// TestKeeperWatch: the keeper is silent when a question has had no answer for
// keeperPatience, in which this process ran.
func TestKeeperWatch(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var w keeperWatch
	ask := func() {
		t.Helper()
		if !w.isDue(now) {
			t.Fatal("the keeper is not asked")
		}
		w.asked = now
	}
	after := func(d time.Duration, silent bool) {
		t.Helper()
		if now = now.Add(d); w.turnsSilent(now) != silent {
			t.Errorf("after %s: silent is not %v", d, silent)
		}
	}
	ask()
	after(keeperPatience-1, false)
	if w.noteAnswer(now) || w.isDue(now) {
		t.Error("an answer in time")
	}
	after(time.Hour, false) // not asked
	ask()
	now = now.Add(time.Hour)
	w.noteGap(now) // this process was stopped
	after(keeperPatience-1, false)
	after(1, true)
	after(time.Hour, false) // it is reported once
	if w.isDue(now) || !w.noteAnswer(now) || w.silent {
		t.Error("an answer after a silence")
	}
	w.noteGap(now)
	after(time.Hour, false)
}

// TestSilentKeeper: a keeper that is stopped is noticed and explained, and goes on. A
// kill of everything does not wait for it.
func TestSilentKeeper(t *testing.T) {
	t.Parallel()
	silences := make(chan string, 8)
	s := open(t, planOf(spec("w", "stubborn", plain, func(sp *plan.Spec) {
		sp.Ready, sp.StopWait = plan.Ready{Kind: "line", Pattern: "^ignoring$"}, time.Hour
	})), func(o *Options) { o.OnKeeperSilence = func(reason string) { silences <- reason } })
	pid := s.ready("w", 1).PID
	signal := func(sig syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(s.keeper.PID(), sig); err != nil {
			t.Fatal(err)
		}
	}
	signal(syscall.SIGSTOP)
	if got := <-silences; !strings.Contains(got, "has not answered for 5s") || !strings.Contains(got, "kill -CONT") {
		t.Errorf("the silence is %q", got)
	}
	if got, err := s.ExplainWorkers(t.Context(), "w"); err != nil || !strings.Contains(got[0].Sentence, "has not answered for 5s") {
		t.Errorf("why: %+v %v", got, err)
	}
	signal(syscall.SIGCONT)
	if got := <-silences; got != "" {
		t.Errorf("the keeper answers: %q", got)
	}
	signal(syscall.SIGSTOP)
	s.cancel()
	s.reaches("w", report.Stopping)
	s.KillAll()
	<-s.done
	if w := s.one("w"); w.State != report.Stopped || alive(pid) {
		t.Errorf("%+v", w)
	}
}
