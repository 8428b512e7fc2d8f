package supervise

import (
	"os"
	"os/user"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

// TestFlappingCostsOneLineARestart: a worker dies at once for ever, with a
// restart_limit and the delays of the default restart policy a hundred times as
// fast.
func TestFlappingCostsOneLineARestart(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "exit 3", plain, func(sp *plan.Spec) { sp.Restart.Delay /= 100 })))
	tr := s.reaches("w", report.Fatal)
	if w := s.one("w"); !strings.Contains(tr.Reason, "10 deaths within 10m (restart_limit = 10/10min)") || w.Incarnation != 10 || w.Deaths != 10 {
		t.Errorf("%s; %+v", tr.Reason, w)
	}
	s.close()
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	deaths := 0
	for _, line := range lines {
		switch {
		case strings.Contains(line, "worker ready"): // a living process with startsecs = 0 is ready for a moment
		case strings.Contains(line, "exit code 3"):
			deaths++
		default:
			t.Errorf("a line that is neither: %s", line)
		}
	}
	if deaths != 10 || strings.Count(s.log.String(), "[ERROR]") != 1 {
		t.Errorf("%d lines for 10 deaths:\n%s", deaths, s.log.String())
	}
}

// BenchmarkFlapping measures the CPU time of the supervisor and its keeper when
// a worker dies at once ten times and is given up. With the delays of the default
// restart policy those ten deaths take 25.5 s.
func BenchmarkFlapping(b *testing.B) {
	before := cpuTime(b)
	deaths := 0
	for b.Loop() {
		fatal := make(chan struct{})
		s := open(b, planOf(spec("w", "", sleeper, func(sp *plan.Spec) {
			sp.Command, sp.Restart.Delay = []string{"/bin/false"}, 0
		})), quiet, func(o *Options) {
			o.OnTransition = func(tr report.Event) {
				if tr.To == report.Fatal {
					close(fatal)
				}
			}
		})
		<-fatal
		deaths += 10
		s.close()
	}
	used := cpuTime(b) - before
	perDeath := used / time.Duration(deaths)
	const pace = 25500 * time.Millisecond / 10
	b.ReportMetric(float64(perDeath.Microseconds()), "µs-cpu/death")
	b.ReportMetric(100*float64(perDeath)/float64(pace), "%-of-a-core")
}

// cpuTime returns the CPU time of this process and of its children that have
// ended: it includes the launch and the end of a keeper, and the programs
// themselves.
func cpuTime(b *testing.B) time.Duration {
	var total time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		total += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return total
}

// TestIdentity: a process has the user, umask, nice value and limits of the
// INI.
func TestIdentity(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("NOT RUN: only root can start a worker as another user")
	}
	if _, err := user.Lookup("nobody"); err != nil {
		t.Skipf("NOT RUN: %v", err)
	}
	s := open(t, planOf(spec("w", "", plain, func(sp *plan.Spec) {
		sp.Command = []string{"/bin/sh", "-c", "echo IS $(id -u) $(umask) $(nice); exec sleep 1000"}
		sp.Directory, sp.Limits.User, sp.Limits.Umask, sp.Limits.Nice = "/", "nobody", 0o027, 3
	}), spec("unknownuser", "", plain, func(sp *plan.Spec) {
		sp.Command, sp.Limits.User, sp.Restart.Limit = []string{"/bin/true"}, "no-such-user", 1
	})))
	if tr := s.reaches("unknownuser", report.Fatal); !strings.Contains(tr.Reason, "no such user") {
		t.Error(tr.Reason)
	}
	id, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := s.line("IS "), id.Uid+" 0027 3"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}
