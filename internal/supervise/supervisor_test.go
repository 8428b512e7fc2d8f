package supervise

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

func TestWebhookWorkerIsReadyAndStops(t *testing.T) {
	t.Parallel()
	for _, socket := range []string{"reserve", "inherit", "bind"} {
		t.Run(socket, func(t *testing.T) {
			t.Parallel()
			s := open(t, planOf(spec("w", "webhook", func(sp *plan.Spec) { sp.Socket = socket })))
			s.ready("w", 1)
			w := s.one("w")
			if w.State != report.Running || !w.Ready || w.PID == 0 || w.Port < lowest {
				t.Errorf("a ready worker is shown as %+v", w)
			}
			results, err := s.Stop(t.Context(), "w")
			if err != nil || len(results) != 1 || results[0].Error != "" || !results[0].EmptyProven {
				t.Fatalf("stop: %+v %v", results, err)
			}
			if alive(w.PID) {
				t.Errorf("pid %d lives after a stop that was %s", w.PID, results[0].Worker.Reason)
			}
			if w = s.one("w"); w.State != report.Stopped || w.PID != 0 || w.Port != 0 {
				t.Errorf("a stopped worker is shown as %+v", w)
			}
		})
	}
}

func TestKilledWorkerComesBackOnItsPort(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "webhook", func(sp *plan.Spec) { sp.Socket = "reserve" })))
	first := s.ready("w", 1)
	if err := syscall.Kill(first.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	second := s.ready("w", 2)
	if second.Port != first.Port || second.GUID != first.GUID || second.PID == first.PID {
		t.Errorf("after SIGKILL: %+v, before: %+v", second, first)
	}
	w := s.one("w")
	if w.LastExit.Signal != "KILL" || w.LastExit.Class != report.ExitSignal || w.Restarts != 1 {
		t.Errorf("the record of the death: %+v", w)
	}
	answers, err := s.ExplainWorkers(t.Context(), "w")
	if err != nil || !strings.Contains(answers[0].Sentence, "killed by SIGKILL") {
		t.Errorf("why: %+v %v", answers, err)
	}
}

func TestExitClasses(t *testing.T) {
	t.Parallel()
	missing := spec("missing", "", plain, func(sp *plan.Spec) { sp.Command = []string{"/no/such/program"}; sp.Restart.Limit = 2 })
	s := open(t, planOf(
		spec("clean", "exit 0", plain), missing,
		spec("flapping", "exit 7", plain, func(sp *plan.Spec) { sp.Restart.Limit = 3; sp.Restart.Delay = time.Millisecond }),
		spec("never", "exit 7", plain, func(sp *plan.Spec) { sp.Restart.Auto = "false" }),
	))
	for name, want := range map[string]struct {
		state  report.State
		reason string
	}{
		"clean":    {report.Exited, "exit code 0"},
		"missing":  {report.Fatal, "/no/such/program does not exist: install it"},
		"flapping": {report.Fatal, "exit code 7"},
		"never":    {report.Exited, "autorestart = false"},
	} {
		tr := s.reaches(name, want.state)
		if !strings.Contains(tr.Reason, want.reason) {
			t.Errorf("%s: %s", name, tr.Reason)
		}
	}
	if n := s.one("flapping").Incarnation; n != 3 {
		t.Errorf("flapping had %d incarnations, restart_limit = 3", n)
	}
}

// TestEscapeIsEndedBeforeTheRestart: the main process dies and leaves a
// descendant that called setsid and ignores TERM.
func TestEscapeIsEndedBeforeTheRestart(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "escape", plain, func(sp *plan.Spec) { sp.Restart.Limit, sp.StopWait = 2, 50*time.Millisecond })))
	escaped, err := strconv.Atoi(s.line("PID "))
	if err != nil {
		t.Fatal(err)
	}
	s.saw("the second incarnation", func(tr report.Event) bool { return tr.Incarnation == 2 })
	if alive(escaped) {
		t.Errorf("pid %d of the first incarnation lives beside the second", escaped)
	}
	s.reaches("w", report.Fatal)
}

func TestStubbornWorkerIsKilled(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(spec("w", "stubborn", plain, func(sp *plan.Spec) {
		sp.Ready, sp.StopWait = plan.Ready{Kind: "line", Pattern: "^ignoring$"}, 50*time.Millisecond
	})))
	pid := s.ready("w", 1).PID
	results, err := s.Stop(t.Context(), "w")
	if err != nil || !results[0].EmptyProven || alive(pid) {
		t.Errorf("stop: %+v %v, alive %t", results, err, alive(pid))
	}
}

func TestReadyKinds(t *testing.T) {
	t.Parallel()
	notify := func(role string) plan.Spec {
		return spec("w", role, plain, func(sp *plan.Spec) { sp.Ready.Kind = "notify" })
	}
	for name, sp := range map[string]plan.Spec{
		"line":   spec("w", "line", plain, func(sp *plan.Spec) { sp.Ready = plan.Ready{Kind: "line", Pattern: `is up$`} }),
		"notify": notify("notify STATUS=halfway READY=1"),
		"http":   spec("w", "http", func(sp *plan.Spec) { sp.Protocol = "none"; sp.Ready = plan.Ready{Kind: "http", Path: "/health"} }),
		"tcp":    spec("w", "http", func(sp *plan.Spec) { sp.Protocol = "none"; sp.Ready = plan.Ready{Kind: "tcp"} }),
		"alive":  spec("w", "wait", plain, func(sp *plan.Spec) { sp.StartSecs = time.Millisecond }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, planOf(sp))
			s.ready("w", 1)
			if name == "notify" && s.one("w").Status != "halfway" {
				t.Errorf("status: %+v", s.one("w"))
			}
		})
	}
}

func TestStopDuringEachPhase(t *testing.T) {
	t.Parallel()
	start := spec("starting", "wait", func(sp *plan.Spec) {}) // never listens
	back := spec("backing", "exit 1", plain, func(sp *plan.Spec) { sp.Restart.Delay = time.Hour; sp.Restart.DelayMax = time.Hour })
	dep := spec("waiting", "wait", plain, func(sp *plan.Spec) { sp.After = []plan.Dependency{{Name: "starting", Condition: "ready"}} })
	s := open(t, planOf(start, back, dep))
	s.reaches("starting", report.Starting)
	s.saw("the delay", func(tr report.Event) bool {
		return tr.Name == "backing" && tr.To == report.Backoff && tr.Incarnation == 2
	})
	if w := s.one("waiting"); w.State != report.Stopped || w.Reason != "waits for starting: ready" {
		t.Errorf("a worker that waits: %+v", w)
	}
	results, err := s.Stop(t.Context(), "all")
	if err != nil || len(results) != 3 {
		t.Fatalf("stop: %+v %v", results, err)
	}
	for _, r := range results {
		if r.Worker.State != report.Stopped || r.Worker.PID != 0 || r.Error != "" {
			t.Errorf("%s: %+v", r.Worker.Name, r)
		}
	}
}

func TestAfter(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(
		spec("app", "webhook", func(sp *plan.Spec) {
			sp.After = []plan.Dependency{{Name: "db", Condition: "ready"}, {Name: "migrate", Condition: "completed_successfully"}}
		}),
		spec("migrate", "exit 0", plain, func(sp *plan.Spec) { sp.After = []plan.Dependency{{Name: "db", Condition: "started"}} }),
		spec("db", "line", plain, func(sp *plan.Spec) { sp.Ready = plan.Ready{Kind: "line", Pattern: "up"}; sp.Replicas = 2 }),
	))
	s.ready("app", 1)
	s.cancel()
	<-s.done
	at := func(name string, to report.State, last bool) (seq uint64) {
		for _, tr := range s.seen {
			if tr.Name == name && tr.To == to && tr.From != to && (seq == 0 || last) {
				seq = tr.Seq
			}
		}
		return seq
	}
	if !(at("db", report.Starting, true) < at("migrate", report.Starting, false) && at("migrate", report.Exited, false) < at("app", report.Starting, false) && at("db", report.Running, true) < at("app", report.Starting, false)) {
		t.Error("the order of starts is not that of after")
	}
	if !(at("app", report.Stopped, true) < at("db", report.Stopping, false)) {
		t.Error("db was stopped before app, which comes after it")
	}
}

func TestOnFatalShutdown(t *testing.T) {
	t.Parallel()
	s := open(t, planOf(
		spec("key", "exit 1", plain, func(sp *plan.Spec) { sp.Restart.Limit = 1; sp.Restart.OnFatal = "shutdown" }),
		spec("other", "wait", plain),
	))
	<-s.done
	var fatal *FatalError
	if err := <-s.result; !errors.As(err, &fatal) || !strings.Contains(err.Error(), "worker key") {
		t.Errorf("Run returned %v", err)
	}
}

// TestEnvironment: a worker gets what the contract promises, and nothing
// reserved.
func TestEnvironment(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "/somewhere")
	t.Setenv("LISTEN_FDS", "1")
	t.Setenv("INITIATOR_CONFIG", "x")
	for _, contract := range []bool{true, false} {
		s := open(t, planOf(spec("w", "env", plain, func(sp *plan.Spec) { sp.Contract = contract })))
		var got struct{ Argv, Env []string }
		if err := json.Unmarshal([]byte(s.line("ENV ")), &got); err != nil {
			t.Fatal(err)
		}
		w := s.one("w")
		env, argv := strings.Join(got.Env, "\n")+"\n", strings.Join(got.Argv, " ")
		want := "INITIATOR_GUID=" + w.GUID + "\nINITIATOR_INCARNATION=1\n"
		args := ""
		if contract {
			port := strconv.Itoa(w.Port)
			want += "PORT=" + port
			args = "--guid " + w.GUID + " --port " + port
		}
		if argv != args {
			t.Errorf("contract %t: argv %q, want %q", contract, argv, args)
		}
		for _, line := range strings.Split(want, "\n") {
			if !strings.Contains(env, line) {
				t.Errorf("contract %t: no %s in\n%s", contract, line, env)
			}
		}
		for _, bad := range []string{"NOTIFY_SOCKET=", "LISTEN_FDS=", "INITIATOR_CONFIG="} {
			if strings.Contains(env, bad) {
				t.Errorf("contract %t: %s is passed on", contract, bad)
			}
		}
		if !contract && (strings.Contains(env, "INITIATOR_PORT=") || strings.Contains(env, "INITIATOR_URL=")) {
			t.Errorf("without a contract: %s", env)
		}
		s.close()
	}
}
