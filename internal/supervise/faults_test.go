package supervise

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/keeper/keepertest"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
)

// TestKeeperKilled: the workers die with the keeper, escaped processes are
// found by their environment and ended, and the workers run again under a new
// keeper on the same ports.
func TestKeeperKilled(t *testing.T) {
	s := open(t, planOf(
		spec("w", "webhook", func(sp *plan.Spec) { sp.Socket = "inherit"; sp.Replicas = 3 }),
		spec("leaky", "leak", func(sp *plan.Spec) {
			sp.Ready = plan.Ready{Kind: "line", Pattern: "^PID"}
			sp.Protocol = "none"
			sp.StopWait = 50 * time.Millisecond
		}),
	))
	s.until("all ready", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 4 })
	escaped, err := strconv.Atoi(s.line("PID "))
	if err != nil {
		t.Fatal(err)
	}
	before := s.Workers()
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.until("all ready again", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 2) == 4 })
	if alive(escaped) {
		t.Errorf("pid %d escaped the keeper's death", escaped)
	}
	for i, w := range s.Workers() {
		if alive(before[i].PID) || w.Port != before[i].Port || !strings.Contains(w.LastExit.Error, "keeper lost") {
			t.Errorf("%s: before %+v, now %+v", w.Name, before[i], w)
		}
	}
}

func readyOnes(seen []report.Event, incarnation int) int {
	guids := map[string]bool{}
	for _, tr := range seen {
		if tr.Ready && tr.Incarnation == incarnation {
			guids[tr.GUID] = true
		}
	}
	return len(guids)
}

// TestStranger: another program listens on the worker's port and answers 200.
// It is never taken for the worker, and gets no request.
func TestStranger(t *testing.T) {
	t.Parallel()
	var spoken atomic.Int32
	foreign := http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { spoken.Add(1) })}
	defer foreign.Close()
	var once sync.Once
	s := open(t, planOf(spec("w", "wait")), func(o *Options) {
		notify := o.OnTransition
		o.OnTransition = func(tr report.Event) {
			once.Do(func() {
				ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(tr.Port)))
				if err != nil {
					t.Error(err)
					return
				}
				go foreign.Serve(ln)
			})
			notify(tr)
		}
	})
	tr := s.saw("the reason", func(tr report.Event) bool { return strings.Contains(tr.Reason, "not this worker") })
	if !strings.Contains(tr.Reason, "pid "+strconv.Itoa(os.Getpid())) || s.one("w").Ready || spoken.Load() != 0 {
		t.Errorf("%s; it was asked %d times", tr.Reason, spoken.Load())
	}
}

// TestWrongWorker: the worker listens on its port, but its answer does not
// prove the token.
func TestWrongWorker(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "http")))
	s.saw("the reason", func(tr report.Event) bool { return strings.Contains(tr.Reason, "without an envelope") })
	if s.one("w").Ready {
		t.Error("it is ready")
	}
}

// TestStoppedWorkerIsReplaced: SIGSTOP leaves the worker alive and silent. The
// dispatcher reports overdue heartbeats.
func TestStoppedWorkerIsReplaced(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "webhook")))
	first := s.ready("w", 1)
	keepertest.SuspendProcess(t, first.PID)
	s.ReportEvent(lifecycle.Event{Kind: lifecycle.HeartbeatsOverdue, GUID: first.GUID, Incarnation: 1, Last: time.Now().Add(-time.Hour)})
	s.ready("w", 2)
	if w := s.one("w"); w.LastExit.Class != report.ExitUnhealthy || alive(first.PID) {
		t.Errorf("%+v, alive %t", w.LastExit, alive(first.PID))
	}
}

// TestWatchdog: a worker that has sent WATCHDOG=1 stops sending it.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "notify READY=1 WATCHDOG=1", plain, func(sp *plan.Spec) {
		sp.Ready.Kind, sp.HeartbeatTolerance, sp.Restart.Limit = "notify", 50*time.Millisecond, 1
	})))
	if tr := s.reaches("w", report.Fatal); !strings.Contains(tr.Reason, "no WATCHDOG=1 for 50ms") {
		t.Error(tr.Reason)
	}
}

// TestStartTimeout: the reason names what the last probe found.
func TestStartTimeout(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "wait", func(sp *plan.Spec) { sp.StartTimeout = 2 * time.Second; sp.Restart.Limit = 1 })))
	tr := s.reaches("w", report.Fatal)
	if !strings.Contains(tr.Reason, "start timeout: not ready within 2s: nothing listens on 127.0.0.1:") {
		t.Error(tr.Reason)
	}
}

// TestPortStolen: another program takes the port between its choice and the
// bind of a worker that binds the port itself. before_start makes room between
// the two.
func TestPortStolen(t *testing.T) {
	t.Parallel()
	var thief net.Listener
	var stolen int
	s := open(t, planOf(spec("w", "bind", func(sp *plan.Spec) {
		sp.Socket, sp.Protocol, sp.Ready.Kind, sp.BeforeStart = "bind", "none", "tcp", []string{"/bin/true"}
	})), func(o *Options) {
		notify := o.OnTransition
		o.OnTransition = func(tr report.Event) {
			if tr.Incarnation == 1 && thief == nil {
				var err error
				if thief, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(tr.Port))); err != nil {
					t.Error(err)
				}
				stolen = tr.Port
			}
			notify(tr)
		}
	})
	second := s.ready("w", 2)
	thief.Close()
	if w := s.one("w"); w.LastExit.Class != report.ExitPortTaken || second.Port == stolen || w.Rule != "next port" {
		t.Errorf("%+v", w)
	}
}

// TestWorkerSaysThatItsPortIsTaken: the socket that had the port, such as the
// near end of a connection, is gone before the supervisor can look.
func TestWorkerSaysThatItsPortIsTaken(t *testing.T) {
	t.Parallel()
	for _, socket := range []string{"bind", "reserve"} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			s := open(t, planOf(spec("w", "taken "+filepath.Join(t.TempDir(), "once"), func(sp *plan.Spec) { sp.Socket = socket })))
			first := s.saw("its first start", func(tr report.Event) bool { return tr.Incarnation == 1 && tr.Port != 0 })
			second := s.ready("w", 2)
			if w := s.one("w"); w.LastExit.Class != report.ExitPortTaken || second.Port == first.Port || w.Rule != "next port" {
				t.Errorf("first on port %d: %+v", first.Port, w)
			}
		})
	}
}

func TestGroups(t *testing.T) {
	t.Parallel()
	for strategy, want := range map[plan.Strategy][3]int{ // incarnations of a, b, c after b has died
		plan.OneForOne: {1, 2, 1}, plan.OneForAll: {2, 2, 2}, plan.RestForOne: {1, 2, 2},
	} {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			p := planOf(spec("a", "webhook"), spec("b", "webhook"), spec("c", "webhook"))
			p.Groups = []plan.Group{{Name: "g", Programs: []string{"a", "b", "c"}, Strategy: strategy}}
			s := open(t, p)
			for _, name := range []string{"a", "b", "c"} {
				s.ready(name, 1)
			}
			if err := syscall.Kill(s.one("b").PID, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			for i, name := range []string{"a", "b", "c"} {
				s.ready(name, want[i])
			}
			for i, w := range s.Workers() {
				if w.Incarnation != want[i] || w.Deaths != map[string]int{"b": 1}[w.Name] {
					t.Errorf("%s has incarnation %d and %d deaths", w.Name, w.Incarnation, w.Deaths)
				}
			}
		})
	}
}

// TestRollingRestart: with an inherited socket no connect is refused while a
// client connects in a loop.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "webhook", func(sp *plan.Spec) { sp.Socket = "inherit"; sp.Replicas = 2 })))
	s.until("both ready", func(seen []report.Event, _ []string) bool { return readyOnes(seen, 1) == 2 })
	addr := s.one("w").Addr
	ctx, cancel := context.WithCancel(t.Context())
	var tried int
	refused := make(chan error, 1)
	go func() {
		for ; ctx.Err() == nil; tried++ {
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				refused <- err
				return
			}
			conn.Close()
		}
		refused <- nil
	}()
	results, err := s.RestartRolling(t.Context(), "w")
	cancel()
	if dial := <-refused; dial != nil || err != nil || len(results) != 2 {
		t.Errorf("restart: %v %v; the client: %v", results, err, dial)
	}
	t.Logf("%d connects, none refused", tried)
	if !(s.ready("w", 2).Seq > 0 && readyOnes(s.seen, 2) == 2) {
		t.Error("not both were restarted")
	}
}

// TestHooks: before_start must succeed, stop_command runs before the signal and
// learns the pid of the main process, and both know the worker's name, index,
// GUID and port.
func TestHooks(t *testing.T) {
	t.Parallel()
	said := filepath.Join(t.TempDir(), "said")
	s := open(t, planOf(
		spec("good", "wait", plain, func(sp *plan.Spec) {
			sp.BeforeStart, sp.StopCommand = sh("echo before $INITIATOR_GUID {guid} {name}.{index} $URL$MAINPID >> "+said), sh("echo stop {port} $PORT $MAINPID >> "+said)
			sp.Environment = append(sp.Environment, plan.Entry{Key: "URL", Value: "http://h:{port}", Valued: true})
		}),
		spec("bad", "wait", plain, func(sp *plan.Spec) { sp.BeforeStart = sh("exit 5"); sp.Restart.Limit = 1 }),
	))
	if tr := s.reaches("bad", report.Fatal); !strings.Contains(tr.Reason, "before_start: exit code 5") {
		t.Error(tr.Reason)
	}
	w := s.ready("good", 1)
	guid, port := w.GUID, strconv.Itoa(w.Port)
	if results, err := s.Stop(t.Context(), "good"); err != nil || results[0].Error != "" || !results[0].EmptyProven {
		t.Errorf("stop: %+v %v", results, err)
	}
	if text, _ := os.ReadFile(said); string(text) != "before "+guid+" "+guid+" good.0 http://h:"+port+"\nstop "+port+" "+port+" "+strconv.Itoa(w.PID)+"\n" {
		t.Errorf("the hooks wrote %q", text)
	}
}

// TestWhyNamesLimitsNotInForce: a limit that the kernel refuses is in the answer of
// `why`, and in the log with the worker's name.
func TestWhyNamesLimitsNotInForce(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "wait", plain, func(sp *plan.Spec) { sp.Limits.NoFile = 1 << 40 })))
	s.ready("w", 1)
	if _, err := s.Stop(t.Context(), "w"); err != nil { // the warning comes before the end
		t.Fatal(err)
	}
	const want = "limit_nofile = 1099511627776 is not in force: operation not permitted"
	answers, err := s.ExplainWorkers(t.Context(), "w")
	if err != nil || len(answers) != 1 || !strings.Contains(answers[0].Sentence, want) {
		t.Errorf("%+v, %v", answers, err)
	}
	s.cancel()
	<-s.done
	if log := s.log.String(); !strings.Contains(log, want+": worker=w") {
		t.Error(log)
	}
}

// TestKillAllEndsAWaitingStop: KillAll ends a stop that would wait for an hour.
func TestKillAllEndsAWaitingStop(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "stubborn", plain, func(sp *plan.Spec) {
		sp.Ready, sp.StopWait = plan.Ready{Kind: "line", Pattern: "^ignoring$"}, time.Hour
	})))
	pid := s.ready("w", 1).PID
	s.cancel()
	s.reaches("w", report.Stopping)
	s.KillAll()
	<-s.done
	if w := s.one("w"); w.State != report.Stopped || alive(pid) {
		t.Errorf("%+v", w)
	}
}
