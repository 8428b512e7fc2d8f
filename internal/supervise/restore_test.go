package supervise

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// TestSnapshotRestoresARecord with its phase by name, its deaths, and its times
// on a clock that was set in between.
func TestSnapshotRestoresARecord(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var unhealthy lifecycle.EndCause
	if err := unhealthy.UnmarshalText([]byte("sick")); err != nil {
		t.Fatal(err)
	}
	written := snapshot{
		V: snapshotVersion, At: now.Add(-time.Hour), Boot: 100 * time.Second, // the clock was set by an hour
		Record: lifecycle.Record{
			Spec: &plan.Spec{Name: "secret"}, Phase: lifecycle.PhaseBackoff, Cause: unhealthy, Incarnation: 3, Restarts: 2,
			Deaths: lifecycle.DeathHistory{Count: 2, Recent: []time.Time{now.Add(-time.Hour - 7*time.Second)}}, NextStart: now.Add(-time.Hour + time.Second),
		},
	}
	blob, err := json.Marshal(written)
	if err != nil {
		t.Fatal(err)
	}
	read, err := decodeSnapshot(blob)
	if err != nil {
		t.Fatal(err)
	}
	spec := &plan.Spec{Name: "new"}
	r := read.restoredRecord(spec, now, 110*time.Second) // ten seconds later
	if r.Spec != spec || r.Phase != lifecycle.PhaseBackoff || r.Cause != unhealthy || r.Incarnation != 3 || r.Restarts != 2 || r.Deaths.Count != 2 {
		t.Errorf("record %+v", r)
	}
	if ago := now.Sub(r.Deaths.Recent[0]); ago != 17*time.Second {
		t.Errorf("the death was %s ago, want 17s", ago)
	}
	if due := now.Sub(r.NextStart); due != 9*time.Second {
		t.Errorf("the start was due %s ago, want 9s", due)
	}
	for _, bad := range []string{"", "{", `{"V":99}`, `{"V":1,"Record":{"Phase":"dancing"}}`} {
		if _, err := decodeSnapshot([]byte(bad)); err == nil {
			t.Errorf("%q was taken for a snapshot", bad)
		}
	}
}

// TestSuccessorGoesOn: after Quiesce, the next supervisor finds the worker in
// its earlier state, and ends the worker that has left the file.
func TestSuccessorGoesOn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keeper.sock")
	k, err := keeper.Launch(keeper.Options{HandoverSocket: path})
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, planOf(spec("stays", "webhook"), spec("leaves", "webhook")), func(o *Options) { o.Keeper = k })
	stays, leaves := s.ready("stays", 1), s.ready("leaves", 1)
	if err := s.Quiesce(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	<-s.done
	k.Detach()
	next, held, err := keeper.Attach(path, keeper.Options{})
	if err != nil || len(held) != 2 {
		t.Fatalf("held %+v, %v", held, err)
	}
	s2 := open(t, planOf(spec("stays", "webhook"), spec("new", "webhook")), func(o *Options) {
		o.Keeper, o.Held, o.KeeperOutdated = next, held, true
	})
	s2.ready("new", 1)
	if is := s2.one("stays"); is.PID != stays.PID || is.GUID != stays.GUID || is.Incarnation != 1 || !is.Ready || is.Port != stays.Port {
		t.Errorf("stays is %+v, was %+v", is, stays)
	}
	s2.saw("the end of the one that left the file", func(tr report.Event) bool { return tr.GUID == leaves.GUID && tr.To == report.Stopped })
	outdated(t, s2, next)
}

// outdated checks that a keeper of an older version is replaced when its last
// worker has ended, and that the next workers run under the new keeper.
func outdated(t *testing.T, s *stage, old *keeper.Keeper) {
	t.Helper()
	port := s.one("stays").Port
	if _, err := s.Stop(t.Context(), "all"); err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil { // returns when the keeper has ended by itself
		t.Fatal(err)
	}
	results, err := s.Start(t.Context(), "stays")
	if err != nil || len(results) != 1 || !results[0].Worker.Ready || results[0].Worker.Incarnation != 2 {
		t.Errorf("started again: %+v, %v (was on port %d)", results, err, port)
	}
}
