package keeper

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"initiator/internal/procfs"
)

// TestOrdersAboutPendingSpawns: orders about a process that is being forked
// wait until it is forked.
func TestOrdersAboutPendingSpawns(t *testing.T) {
	h := newTestKeeper(t)
	for i := range 50 {
		guid := fmt.Sprint("w", i)
		s := orderCommand(guid, "sleep", "1000")
		if err := h.Spawn(s); err != nil {
			t.Fatal(err)
		}
		if err := h.Spawn(s); err != nil { // the same again: refused in any case
			t.Fatal(err)
		}
		if err := h.End(EndOrder{GUID: guid, Incarnation: 1, Signal: int(syscall.SIGTERM), Wait: deadline}); err != nil {
			t.Fatal(err)
		}
	}
	got := map[EventKind]int{}
	for got[KindEmptied] < 50 {
		e := h.awaitEvent("emptied", func(e Event) bool { return true })
		got[e.Kind]++
		if e.Kind == KindSpawnFailed && !strings.Contains(e.Error, "runs already") {
			t.Error(e.Error)
		}
	}
	if got[KindSpawned] != 50 || got[KindExited] != 50 || got[KindSpawnFailed] != 50 {
		t.Errorf("50 spawned and ended at once: %v", got)
	}
	// A keeper that is closed with spawns pending leaves no process.
	var pids []int
	for i := range 20 {
		if err := h.Spawn(orderCommand(fmt.Sprint("x", i), "sleep", "1000")); err != nil {
			t.Fatal(err)
		}
	}
	closeKeeper(t, h)
	h.awaitEvent("lost", func(e Event) bool {
		if e.Kind == KindSpawned {
			pids = append(pids, e.PID)
		}
		return e.Kind == KindLost
	})
	for _, pid := range pids {
		checkGone(t, pid)
	}
}

// TestForkThreadHasItsOwnDescriptors: the fork thread has almost no open
// descriptors, however many workers run.
func TestForkThreadHasItsOwnDescriptors(t *testing.T) {
	h := newTestKeeper(t)
	for i := range 100 {
		h.spawnWorker(orderCommand(fmt.Sprint("w", i), "sleep", "1000"))
	}
	fewest, most := 1<<30, 0
	for _, thread := range procfs.ListDir(fmt.Sprintf("/proc/%d/task", h.PID())) {
		n := len(procfs.ListDir(fmt.Sprintf("/proc/%d/task/%s/fd", h.PID(), thread)))
		fewest, most = min(fewest, n), max(most, n)
	}
	if most < 200 {
		t.Fatalf("the loop has %d descriptors with 100 workers", most)
	}
	if fewest == most {
		t.Skip("NOT RUN: no thread may have descriptors of its own here (unshare)")
	}
	if fewest > 20 {
		t.Errorf("the thread that forks has %d descriptors, the loop %d", fewest, most)
	}
}
