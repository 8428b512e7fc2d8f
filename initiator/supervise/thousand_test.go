package supervise

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"initiator/initiator/plan"
)

// sleeper is a small program that is ready when it runs.
func sleeper(s *plan.Spec) {
	plain(s)
	s.Command, s.Stdout = []string{"/bin/sleep", "1000"}, plan.Log{}
}

// TestThousand starts, hurts and stops a thousand workers, and counts what is
// left: no process, no descriptor, no goroutine.
func TestThousand(t *testing.T) {
	const n = 1000
	goroutines, files := runtime.NumGoroutine(), descriptors(t)
	s := open(t, planOf(spec("w", "", sleeper, func(sp *plan.Spec) { sp.Replicas = n })))
	s.until("a thousand ready", func(seen []Transition, _ []string) bool { return len(seen) >= 2*n && readyOnes(seen, 1) == n })
	first := s.Workers()
	for _, w := range first[:100] {
		if err := syscall.Kill(w.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	s.until("a hundred again", func(seen []Transition, _ []string) bool { return len(seen) >= 2*n+300 && readyOnes(seen, 2) == 100 })
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
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines before, %d after", goroutines, now)
	}
}

func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// quiet keeps what is measured from being what is logged.
func quiet(o *Options) { o.Logger = hclog.NewNullLogger() }

// counter replaces the stage's list of transitions by a count.
type counter struct {
	want int
	done chan struct{}
}

func (c *counter) notify(tr Transition) {
	if tr.Ready && tr.To == Running {
		if c.want--; c.want == 0 {
			close(c.done)
		}
	}
}

// BenchmarkStart: from Run to all RUNNING, the keeper running already. plain is
// a sleep; webhook is this test's binary, which must prove who it is.
func BenchmarkStart(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("plain/%d", n), func(b *testing.B) { benchStart(b, n, spec("w", "", sleeper)) })
	}
	for _, n := range []int{1, 10, 100, 500} {
		b.Run(fmt.Sprintf("webhook/%d", n), func(b *testing.B) { benchStart(b, n, spec("w", "webhook")) })
	}
}

func benchStart(b *testing.B, n int, sp plan.Spec) {
	sp.Replicas = n
	for b.Loop() {
		b.StopTimer()
		c := &counter{want: n, done: make(chan struct{})}
		p := planOf(sp)
		b.StartTimer()
		s := open(b, p, quiet, func(o *Options) { o.Notify = c.notify })
		<-c.done
		b.StopTimer()
		s.close()
		b.StartTimer()
	}
}

// BenchmarkRestart: from SIGKILL to the news that the next process runs.
func BenchmarkRestart(b *testing.B) {
	next := make(chan Transition, 1)
	s := open(b, planOf(spec("w", "", sleeper, func(sp *plan.Spec) { sp.Restart.Delay, sp.Restart.Limit = 0, 0 })), quiet, func(o *Options) {
		o.Notify = func(tr Transition) {
			if tr.Ready {
				next <- tr
			}
		}
	})
	defer s.close()
	tr := <-next
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := syscall.Kill(tr.PID, syscall.SIGKILL); err != nil {
			b.Fatal(err)
		}
		tr = <-next
		took = append(took, time.Since(began))
	}
	percentiles(b, took)
}

func percentiles(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds()), fmt.Sprintf("p%d-µs", p))
	}
}

// BenchmarkNext is one event through the table.
func BenchmarkNext(b *testing.B) {
	now := time.Now()
	r := inPhase(ready, now)
	b.ReportAllocs()
	for b.Loop() {
		next(r, Event{Kind: watchdog}, now)
	}
}
