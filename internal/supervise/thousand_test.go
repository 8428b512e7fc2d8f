package supervise

import (
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

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
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	s := open(t, planOf(spec("w", "", sleeper, func(sp *plan.Spec) { sp.Replicas = n })), allPorts)
	s.until("all ready", func(seen []Transition, _ []string) bool { return len(seen) >= 2*n && readyOnes(seen, 1) == n })
	first := s.Workers()
	for _, w := range first[:n/10] {
		if err := syscall.Kill(w.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	s.until("a tenth again", func(seen []Transition, _ []string) bool { return len(seen) >= 2*n+3*n/10 && readyOnes(seen, 2) == n/10 })
	last := s.Workers()
	s.close()
	for i := range last {
		if alive(first[i].PID) || alive(last[i].PID) {
			t.Fatalf("worker %d is left: %+v", i, last[i])
		}
	}
	if now := descriptors(t); now != files {
		t.Errorf("%d descriptors before, %d after", files, now)
	}
	// A goroutine that has reported its end may still run for a moment.
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for began := time.Now(); runtime.NumGoroutine() > goroutines && time.Since(began) < patience; {
		<-tick.C
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

func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// quiet turns off the log, so that a benchmark does not measure it.
func quiet(o *Options) { o.Logger = hclog.NewNullLogger() }

// counter replaces the stage's list of transitions by a count.
type counter struct {
	want int
	done chan struct{}
}
