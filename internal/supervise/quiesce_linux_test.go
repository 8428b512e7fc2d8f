package supervise

import (
	"context"
	"errors"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/keeper/keepertest"
	"initiator/internal/plan"
)

// TestQuiesceHearsTheKeeperOut: the keeper has reported an exit before it had a
// snapshot of the worker. Only this initiator received the report, so the exit
// is in the snapshot.
func TestQuiesceHearsTheKeeperOut(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keeper.sock")
	k, err := keeper.Launch(keeper.Options{HandoverSocket: path})
	if err != nil {
		t.Fatal(err)
	}
	once := spec("once", "wait", plain, func(sp *plan.Spec) { sp.Restart.Auto = "false" })
	s := open(t, planOf(once), func(o *Options) { o.Keeper = k })
	was := s.ready("once", 1)
	held, release := make(chan struct{}), make(chan struct{})
	s.box.Put(func(*loop) { close(held); <-release }) // the loop receives nothing
	<-held
	if err := syscall.Kill(was.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	gone(t, was.PID)
	quiesced := make(chan error, 1)
	go func() { quiesced <- s.Quiesce(t.Context(), time.Minute) }()
	close(release)
	if err := <-quiesced; err != nil {
		t.Fatal(err)
	}
	<-s.done
	k.Detach()
	next, left, err := keeper.Attach(path, keeper.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := next.Close(); err != nil {
			t.Error(err)
		}
	})
	s2 := open(t, planOf(once), func(o *Options) { o.Keeper, o.Held = next, left })
	for s2.one("once").State != report.Exited { // from the snapshot, or from the replayed events
		s2.next()
	}
	if is := s2.one("once"); is.State != report.Exited || is.PID != 0 || is.LastExit.Signal != "KILL" {
		t.Errorf("it is %+v", is)
	}
}

// TestQuiesceOfAKeeperThatIsStopped: the supervisor goes on as before.
func TestQuiesceOfAKeeperThatIsStopped(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "webhook")))
	s.ready("w", 1)
	keepertest.SuspendProcess(t, s.keeper.PID())
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := s.Quiesce(ctx, time.Minute); !errors.Is(err, context.DeadlineExceeded) || s.Quiesced() {
		t.Errorf("%v, quiesced: %t", err, s.Quiesced())
	}
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if results, err := s.Restart(t.Context(), "w"); err != nil || !results[0].Worker.Ready || results[0].Worker.Incarnation != 2 {
		t.Errorf("%+v, %v", results, err)
	}
}
