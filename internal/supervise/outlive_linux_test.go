package supervise

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/plan"
)

// TestProbeOutlivesTheKeeper: a keeper dies while the command of a probe runs.
// The worker goes on, is adopted, and is probed again.
func TestProbeOutlivesTheKeeper(t *testing.T) {
	t.Parallel()
	seen, fifo := filepath.Join(t.TempDir(), "seen"), filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, planOf(spec("w", "wait", plain, func(sp *plan.Spec) {
		sp.OnInitiatorExit = "keep"
		script := "test -e " + seen + " && exit 1; touch " + seen + "; echo > " + fifo + "; exec sleep 1000"
		sp.Probe = plan.Probe{ProbeCheck: plan.ProbeCheck{Kind: "exec", Command: []string{"/bin/sh", "-c", script}}}
		sp.Probe.Span, sp.Probe.Timeout, sp.Probe.Failures = 10*time.Millisecond, time.Hour, 1<<30
	})))
	pid := s.ready("w", 1).PID
	if _, err := os.ReadFile(fifo); err != nil { // the probe runs
		t.Fatal(err)
	}
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	tr := s.saw("the failure", func(tr report.Event) bool { return tr.To == report.Running && !tr.Ready })
	if tr.PID != pid || !strings.Contains(tr.Reason, "probe: ") {
		t.Errorf("%+v, was pid %d", tr, pid)
	}
}

// TestSnapshotsOutliveTheKeeper: the next keeper has the snapshots of workers
// that are at rest or wait, for the next initiator.
func TestSnapshotsOutliveTheKeeper(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keeper.sock")
	var second *keeper.Keeper
	keep := func(sp *plan.Spec) { plain(sp); sp.OnInitiatorExit = "keep" }
	s := open(t, planOf(spec("lives", "wait", keep), spec("rests", "wait", keep)), func(o *Options) {
		o.NewKeeper = func() (k *keeper.Keeper, err error) {
			if second != nil {
				return keeper.Launch(keeper.Options{})
			}
			second, err = keeper.Launch(keeper.Options{HandoverSocket: path})
			return second, err
		}
	})
	lives, rests := s.ready("lives", 1), s.ready("rests", 1)
	if _, err := s.Stop(t.Context(), "rests"); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LaunchWorker(t.Context(), "lives", "more"); err != nil { // of the second keeper
		t.Fatal(err)
	}
	second.Detach() // as if this initiator had died
	third, held, err := keeper.Attach(path, keeper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, h := range held {
		found[h.GUID] = true
	}
	if !found[lives.GUID] || !found[rests.GUID] || !found["more"] {
		t.Errorf("held %+v", held)
	}
	if err := third.Close(); err != nil {
		t.Error(err)
	}
}
