package supervise

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/report"
	"initiator/internal/plan"
	"initiator/internal/testlength"
)

// sleeper is a small program that is ready when it runs.
func sleeper(s *plan.Spec) {
	plain(s)
	s.Command, s.Stdout = []string{"/bin/sleep", "1000"}, plan.Log{}
}

// TestManyWorkers starts, kills and stops many workers, a thousand of them at
// full length. No process, descriptor or goroutine must be left.
func TestManyWorkers(t *testing.T) {
	n := testlength.Count(200, 1000)
	openNetworkPoller(t)
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	s := open(t, planOf(spec("w", "", sleeper, func(sp *plan.Spec) { sp.Replicas = n })), allPorts)
	s.until("all ready", func(seen []report.Event, _ []string) bool { return len(seen) >= 2*n && readyOnes(seen, 1) == n })
	first := s.Workers()
	for _, w := range first[:n/10] {
		if err := syscall.Kill(w.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	s.until("a tenth again", func(seen []report.Event, _ []string) bool {
		return len(seen) >= 2*n+3*n/10 && readyOnes(seen, 2) == n/10
	})
	last := s.Workers()
	s.close()
	for i := range last {
		if alive(first[i].PID) || alive(last[i].PID) {
			t.Fatalf("worker %d is left: %+v", i, last[i])
		}
	}
	// A goroutine that has reported its end may still run for a moment, with a
	// descriptor. Another may close a descriptor that was counted before.
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); (runtime.NumGoroutine() > goroutines || len(newFiles(t, files)) > 0) && time.Since(began) < patience; {
		<-tick.C
	}
	if more := newFiles(t, files); len(more) > 0 {
		t.Errorf("open and not closed: %q", more)
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines before, %d after", goroutines, now)
	}
}

// openNetworkPoller lets the runtime open the descriptors of its poller, which
// it does at the first pipe or connection of the process.
func openNetworkPoller(t *testing.T) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	read.Close()
	write.Close()
}

// openFiles names what this process has open. Two sockets have different names.
func openFiles(t *testing.T) (list []string) {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := filepath.Join("/dev/fd", e.Name())
		switch to, err := os.Readlink(name); {
		case err == nil:
			list = append(list, to)
		case !errors.Is(err, os.ErrNotExist): // it is no link on this system
			list = append(list, name)
		}
	}
	return list
}

func descriptors(t *testing.T) int { return len(openFiles(t)) }

// newFiles returns what is open now and was not before.
func newFiles(t *testing.T, before []string) []string {
	t.Helper()
	return slices.DeleteFunc(openFiles(t), func(name string) bool {
		return slices.Contains(before, name) || strings.HasPrefix(name, "/proc/") // of the listing itself
	})
}

// quiet turns off the log, so that a benchmark does not measure it.
func quiet(o *Options) { o.Logger = hclog.NewNullLogger() }

// counter replaces the stage's list of transitions by a count.
type counter struct {
	want int
	done chan struct{}
}
