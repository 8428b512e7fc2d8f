package supervise

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"testing"
	"time"

	"initiator/internal/plan"
	"initiator/internal/procfs"
	"initiator/internal/testlength"
)

// holdings counts everything that could grow with use.
type holdings struct {
	goroutines, files, keepers, children int
	workers, pools, hooks, made, timers  int
	busy                                 int
}

// holdings counts when all workers are at rest.
func (s *stage) holdings() (h holdings) {
	err := s.askLoop(s.t.Context(), func(l *loop) error {
		h = holdings{
			workers: len(l.order) + len(l.workers), pools: len(l.pools), hooks: len(l.hooks), made: len(l.fingerprints), timers: l.timers.Len(),
			busy: len(l.foreignPorts),
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	h.goroutines, h.files = runtime.NumGoroutine(), filesOf(s.t, os.Getpid())
	h.keepers, h.children = filesOf(s.t, s.keeper.PID()), childrenOf(s.t, s.keeper.PID())
	return h
}

func filesOf(t testing.TB, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func childrenOf(t testing.TB, pid int) (n int) {
	t.Helper()
	for _, p := range procfs.ListPIDs() {
		if parent, ok := parentOf(p); ok && parent == pid {
			n++
		}
	}
	return n
}

func parentOf(pid int) (parent int, ok bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	var state string
	_, err = fmt.Sscan(string(stat[bytes.LastIndexByte(stat, ')')+1:]), &state, &parent)
	return parent, err == nil
}

// TestCycles: a long life leaves nothing behind. Many cycles of start, scale,
// reload and stop hold no more than the first few cycles did.
func TestCycles(t *testing.T) {
	const size, warm = 5, 5
	cycles := testlength.Count(15, 60)
	definition := func(n int) *plan.Plan {
		return planOf(spec("w", "", func(sp *plan.Spec) {
			sp.Command, sp.Stdout = []string{"/bin/sleep", "1000", "{port}"}, plan.Log{} // the number of seconds in all
			sp.Ready.Kind, sp.OnInitiatorExit, sp.Replicas, sp.Autostart = "alive", "keep", size, false
			sp.Restart.Limit = 10 + n // kept
			sp.Slots = 1 + n%2        // restarted
			sp.Port = 0
		}))
	}
	s := open(t, definition(0), quiet, func(o *Options) { o.OnTransition = nil })
	var first holdings
	var heap uint64
	for n := 1; n <= cycles; n++ {
		for _, err := range []error{
			startAll(s), s.ScalePool(t.Context(), "w", 1), s.ScalePool(t.Context(), "w", size), s.ApplyPlan(t.Context(), definition(n)), stopAll(s),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		if n == warm {
			first, heap = s.holdings(), heapNow()
		}
	}
	s.settled(first)
	if grown := int64(heapNow()) - int64(heap); grown > 256<<10 {
		t.Errorf("the heap has grown by %d bytes in %d cycles", grown, cycles-warm)
	}
}

func startAll(s *stage) error {
	results, err := s.Start(s.t.Context(), "all")
	if err == nil {
		err = failedResults(results)
	}
	return err
}

func stopAll(s *stage) error {
	_, err := s.Stop(s.t.Context(), "all")
	return err
}

// settled waits until no more is held than before: a goroutine that has
// reported its end may still run for a moment.
func (s *stage) settled(want holdings) {
	s.t.Helper()
	var now holdings
	for began := time.Now(); time.Since(began) < patience; runtime.Gosched() {
		if now = s.holdings(); now.within(want) {
			return
		}
	}
	s.t.Errorf("first %+v\n now %+v", want, now)
}

// within reports whether no count is larger.
func (h holdings) within(want holdings) bool {
	have, limit := reflect.ValueOf(h), reflect.ValueOf(want)
	for i := range have.NumField() {
		if have.Field(i).Int() > limit.Field(i).Int() {
			return false
		}
	}
	return true
}

func heapNow() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
