package supervise

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"initiator/initiator/report"
	"initiator/internal/plan"
)

func init() {
	roles["foreman"] = runForeman
	roles["hand"] = runHand
}

// runForeman is a main process that ends its child itself: it passes the first
// signal on as WINCH.
func runForeman() int {
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGTERM, syscall.SIGHUP)
	hand := startHand(nil)
	<-got
	_ = hand.Process.Signal(syscall.SIGWINCH)
	_ = hand.Wait()
	return 0
}

// deafHand makes a hand ignore WINCH: a signal to the group reaches the main process
// first, whose WINCH could then come before the signal.
const deafHand = "TEST_HAND_IS_DEAF_TO_WINCH"

// runHand reports the first signal that it gets. Its parent gets WINCH when it can
// report one.
func runHand() int {
	got := make(chan os.Signal, 1)
	signal.Notify(got, syscall.SIGTERM, syscall.SIGHUP)
	if os.Getenv(deafHand) == "" {
		signal.Notify(got, syscall.SIGWINCH)
	}
	fmt.Println("PID", os.Getpid())
	_ = syscall.Kill(os.Getppid(), syscall.SIGWINCH)
	fmt.Println("hand got", unix.SignalName((<-got).(syscall.Signal)))
	return 0
}

func startHand(attr *syscall.SysProcAttr) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_ROLE=hand")
	cmd.Stdout, cmd.SysProcAttr = os.Stdout, attr
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		os.Exit(99)
	}
	return cmd
}

// TestWhomSignalsReach: the child of the main process gets the worker's signal, or
// WINCH from the main process.
func TestWhomSignalsReach(t *testing.T) {
	t.Parallel()
	foreman := func(sp *plan.Spec) { sp.Environment[0].Value = "foreman" }
	shell := func(sp *plan.Spec) {
		sp.Environment[0].Value = "hand"
		const pass = `kill -WINCH $pid; wait $pid; exit`
		sp.Command = []string{"/bin/sh", "-c", `trap '` + pass + `' TERM HUP; ` + os.Args[0] + ` & pid=$!; wait $pid`}
	}
	for _, c := range []struct {
		name    string
		program func(*plan.Spec)
		asGroup string
		signal  bool // HUP in place of a stop
		to      report.SignalTarget
		want    string
	}{
		{"stop", foreman, plan.GroupAuto, false, "", "SIGWINCH"},
		{"stop, group", foreman, plan.GroupTrue, false, "", "SIGTERM"},
		{"stop a shell", shell, plan.GroupAuto, false, "", "SIGTERM"},
		{"stop a shell, main", shell, plan.GroupFalse, false, "", "SIGWINCH"},
		{"signal", foreman, plan.GroupAuto, true, "", "SIGWINCH"},
		{"signal, group asked for", foreman, plan.GroupAuto, true, report.SignalGroup, "SIGHUP"},
		{"signal a shell", shell, plan.GroupAuto, true, "", "SIGHUP"},
		{"signal a shell, main asked for", shell, plan.GroupAuto, true, report.SignalMain, "SIGWINCH"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, planOf(spec("w", "", plain, c.program, func(sp *plan.Spec) {
				sp.Ready, sp.StopAsGroup = plan.Ready{Kind: "line", Pattern: "^PID"}, c.asGroup
				if c.want != "SIGWINCH" {
					sp.Environment = append(sp.Environment, plan.Entry{Key: deafHand, Value: "1", Valued: true})
				}
			})))
			s.ready("w", 1)
			var err error
			if c.signal {
				err = s.SignalWorkers(t.Context(), int(syscall.SIGHUP), c.to, "w")
			} else {
				_, err = s.Stop(t.Context(), "w")
			}
			if got := s.line("hand got "); err != nil || got != c.want {
				t.Errorf("the child got %s, want %s; %v", got, c.want, err)
			}
		})
	}
}

func TestChooseTarget(t *testing.T) {
	exec := []string{"sort"}
	for _, c := range []struct {
		name         string
		spec         plan.Spec
		shell, stops bool
		want         report.SignalTarget
		reason       string
	}{
		{"auto", plan.Spec{StopAsGroup: plan.GroupAuto}, false, true, report.SignalMain, "not a shell"},
		{"auto, a shell", plan.Spec{StopAsGroup: plan.GroupAuto}, true, false, report.SignalGroup, "is a shell"},
		{"an older snapshot", plan.Spec{}, true, true, report.SignalGroup, "is a shell"},
		{"true", plan.Spec{StopAsGroup: plan.GroupTrue}, false, true, report.SignalGroup, "stopasgroup = true"},
		{"false, a shell", plan.Spec{StopAsGroup: plan.GroupFalse}, true, true, report.SignalMain, "stopasgroup = false"},
		{"exec", plan.Spec{Exec: exec, StopAsGroup: plan.GroupAuto}, false, true, report.SignalMain, "exec worker"},
		{"supervisord, a stop", plan.Spec{FromSupervisord: true, StopAsGroup: plan.GroupTrue}, false, true, report.SignalGroup, "stopasgroup = true"},
		{"supervisord, a signal", plan.Spec{FromSupervisord: true, StopAsGroup: plan.GroupTrue}, false, false, report.SignalMain, "supervisorctl"},
	} {
		if to, reason := chooseTarget(&c.spec, c.shell, c.stops); to != c.want || !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %s, because %s; want %s, because %s", c.name, to, reason, c.want, c.reason)
		}
	}
}

func TestIsShell(t *testing.T) {
	for program, want := range map[string]bool{
		"/usr/bin/dash": true, "/bin/bash": true, "/opt/zsh-5.9": true, "/usr/bin/ksh93": true, "/usr/bin/bash-static": true, "fish": true,
		"/bin/busybox sh": true, "/bin/busybox /bin/ash -c x": true, "/bin/busybox.static busybox sh": true, "/bin/busybox -sh": true,
		"/bin/busybox httpd": false, "/bin/busybox": false, "/usr/bin/python3.11": false, "/usr/sbin/sshd": false, "/srv/run.sh": false,
	} {
		words := strings.Fields(program)
		if got := isShell(words[0], words[1:]); got != want {
			t.Errorf("%s: %t", program, got)
		}
	}
	if isShell("", nil) {
		t.Error("no program is a shell")
	}
}
