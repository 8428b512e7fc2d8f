package supervise

import (
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
	"initiator/internal/port"
)

// TestTakenBeforeStart: another program has a fixed port. The worker is not
// started beside it; the reason names the program, and the worker starts when
// the program has ended.
func TestTakenBeforeStart(t *testing.T) {
	t.Parallel()
	foreign, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	taken := foreign.Addr().(*net.TCPAddr).Port
	s := open(t, planOf(spec("w", "webhook", func(sp *plan.Spec) {
		sp.Port, sp.Restart.Delay, sp.Restart.Limit = taken, 10*time.Millisecond, 0
		sp.Restart.DelayMax = 10 * time.Millisecond
	})))
	tr := s.reaches("w", report.Backoff)
	if !strings.Contains(tr.Reason, strconv.Itoa(taken)) || s.one("w").LastExit.Class != report.ExitSpawnError {
		t.Errorf("%s, %+v", tr.Reason, s.one("w").LastExit)
	}
	foreign.Close()
	s.saw("its start", func(tr report.Event) bool { return tr.Ready && tr.Port == taken })
}

// TestRangeExhausted: three workers and two ports. Two run; the third says what
// to do, and runs when one of them is stopped.
func TestRangeExhausted(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "webhook", func(sp *plan.Spec) {
		sp.Replicas, sp.Restart.Limit = 3, 0
		sp.Restart.Delay, sp.Restart.DelayMax = 10*time.Millisecond, 10*time.Millisecond
	})), func(o *Options) {
		o.Ports = port.New(takePorts(2))
	})
	s.until("two of them", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 2 })
	tr := s.reaches("w", report.Backoff)
	if !strings.Contains(tr.Reason, "child_port_max") {
		t.Errorf("it does not say what to do: %s", tr.Reason)
	}
	for _, w := range s.Workers() {
		if w.Ready {
			if _, err := s.Stop(t.Context(), w.GUID); err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	s.saw("the third", func(other report.Event) bool { return other.GUID == tr.GUID && other.Ready })
}

// TestStrangersComeAndGo: in a range of two, another program has the first
// port, and later the second. The first is then free again and is used again.
func TestStrangersComeAndGo(t *testing.T) {
	t.Parallel()
	ports := takePorts(2)
	first := ports.Min
	thieves := map[int]net.Listener{} // by the incarnation that finds them
	s := open(t, planOf(spec("w", "bind", func(sp *plan.Spec) {
		sp.Socket, sp.Protocol, sp.Ready.Kind, sp.BeforeStart = "bind", "none", "tcp", []string{"/bin/true"}
		sp.Restart.Delay = 0
	})), func(o *Options) {
		o.Ports = port.New(ports)
		notify := o.OnTransition
		o.OnTransition = func(tr report.Event) {
			if tr.Incarnation%2 == 1 && thieves[tr.Incarnation] == nil && tr.To == report.Starting {
				var err error
				if thieves[tr.Incarnation], err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(tr.Port))); err != nil {
					t.Error(err)
				}
			}
			notify(tr)
		}
	})
	second := s.ready("w", 2)
	thieves[1].Close()
	if err := s.SignalWorkers(t.Context(), 9, report.SignalByRule, "w"); err != nil {
		t.Fatal(err)
	}
	fourth := s.ready("w", 4)
	thieves[3].Close()
	if second.Port != first+1 || fourth.Port != first {
		t.Errorf("ports %d, then %d, of a range that begins with %d", second.Port, fourth.Port, first)
	}
}

// TestNamedPortIsGivenBack: a port that no section names any more belongs to
// the range again.
func TestNamedPortIsGivenBack(t *testing.T) {
	t.Parallel()
	own := takePorts(1)
	only := own.Min
	ports := func(o *Options) { o.Ports = port.New(own) }
	auto := spec("auto", "webhook", func(sp *plan.Spec) { sp.Autostart = false })
	s := open(t, planOf(auto, spec("named", "webhook", func(sp *plan.Spec) { sp.Port, sp.Autostart = only, false })), ports)
	if err := s.ApplyPlan(t.Context(), planOf(auto)); err != nil {
		t.Fatal(err)
	}
	results, err := s.Start(t.Context(), "auto")
	if err != nil || failedResults(results) != nil || results[0].Worker.Port != only {
		t.Errorf("%+v, %v", results, err)
	}
}

// TestListenPortsAreAvoided: a worker of the range is not given a port that the
// initiator or a section of the user's own names.
func TestListenPortsAreAvoided(t *testing.T) {
	t.Parallel()
	ports := takePorts(4)
	first := ports.Min
	p := planOf(spec("w", "webhook"))
	p.Settings.ListenPort = first
	p.Defaults = []plan.Entry{{Key: "listen_port", Value: strconv.Itoa(first + 1), Valued: true}}
	p.Sections = map[string][]plan.Entry{"their.module": {{Key: "listen_port", Value: strconv.Itoa(first + 2), Valued: true}}}
	s := open(t, p, func(o *Options) { o.Ports = port.New(ports) })
	s.ready("w", 1)
	if w := s.one("w"); w.Port != first+3 {
		t.Errorf("port %d of a range that begins with %d", w.Port, first)
	}
}

// TestIPv6Only: a worker that listens on ::1 only.
func TestIPv6Only(t *testing.T) {
	t.Parallel()
	probe, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("NOT RUN: this machine has no IPv6: %v", err)
	}
	probe.Close()
	for _, socket := range []string{"reserve", "inherit", "bind"} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			s := open(t, planOf(spec("w", "webhook6", func(sp *plan.Spec) { sp.Socket, sp.ListenAddr = socket, "::1" })))
			s.ready("w", 1)
			if w := s.one("w"); !strings.HasPrefix(w.Addr, "[::1]:") {
				t.Errorf("%+v", w)
			}
			if err := s.SignalWorkers(t.Context(), 9, report.SignalByRule, "w"); err != nil {
				t.Fatal(err)
			}
			s.ready("w", 2)
		})
	}
}

// TestListensElsewhere: a program that binds port 0 instead of its port is not
// ready, and the reason names what is missing and where the program listens.
func TestListensElsewhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ready plan.Ready
		want  string
	}{
		"webhook": {plan.Ready{Kind: "webhook"}, "nothing listens on 127.0.0.1:"},
		"line":    {plan.Ready{Kind: "line", Pattern: "is up$"}, `a line that matches "is up$"`},
		"notify":  {plan.Ready{Kind: "notify"}, "READY=1 to $NOTIFY_SOCKET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, planOf(spec("w", "elsewhere", func(sp *plan.Spec) { sp.Ready = c.ready })))
			s.saw("what is missing and where it listens", func(tr report.Event) bool {
				return strings.Contains(tr.Reason, c.want) && (runtime.GOOS != "linux" || strings.Contains(tr.Reason, "; this worker listens on 127.0.0.1:"))
			})
		})
	}
}

// TestPortZeroOfTheRange: with a range of 0 the kernel chooses the port, and
// the worker keeps it over a restart.
func TestPortZeroOfTheRange(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "webhook", func(sp *plan.Spec) { sp.Socket = "inherit" })), func(o *Options) { o.Ports = port.New(port.Range{}) })
	first := s.ready("w", 1)
	if err := s.SignalWorkers(t.Context(), 9, report.SignalByRule, "w"); err != nil {
		t.Fatal(err)
	}
	if second := s.ready("w", 2); first.Port == 0 || second.Port != first.Port {
		t.Errorf("ports %d, then %d", first.Port, second.Port)
	}
}

// TestPlainNamesItsPort: a plain program gets a port in its command's place for
// it, and each replica another port.
func TestPlainNamesItsPort(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "named", plain, func(sp *plan.Spec) {
		sp.Command, sp.Replicas = append(sp.Command, "{port}", "{guid}"), 2
		sp.Ready.Kind = "tcp"
	})))
	s.until("both", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 2 })
	for _, w := range s.Workers() {
		line, err := os.ReadFile("/proc/" + strconv.Itoa(w.PID) + "/cmdline")
		if want := "\x00" + strconv.Itoa(w.Port) + "\x00" + w.GUID + "\x00"; err == nil && !strings.HasSuffix(string(line), want) {
			t.Errorf("%q does not end with %q", line, want)
		}
	}
}
