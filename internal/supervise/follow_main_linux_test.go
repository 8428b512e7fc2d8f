package supervise

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/initiator/report"
	"initiator/internal/keeper"
	"initiator/internal/lifecycle"
	"initiator/internal/plan"
	"initiator/internal/procfs"
)

func init() {
	roles["daemonize"] = func() int { return startNext("middle", true) }
	roles["middle"] = func() int { return startNext("daemon", false) }
	roles["daemon"], roles["successor"] = daemon, daemon
}

// startNext starts this program in the next role, waits for a role that only starts
// another, and ends.
func startNext(role string, wait bool) int {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "TEST_ROLE="+role)
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: wait}
	err := cmd.Start()
	if err == nil && wait {
		err = cmd.Wait()
	}
	if err != nil {
		fmt.Println(err)
		return 99
	}
	return 0
}

// daemon writes its pidfile as soon as its parent has gone. With a SIGUSR2 it
// starts its successor, which writes the pidfile, and then ends.
func daemon() int {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGUSR2, syscall.SIGTERM)
	path := os.Getenv("TEST_PIDFILE")
	if err := os.WriteFile(path+".new", []byte(strconv.Itoa(os.Getpid())+"\nmore\n"), 0o600); err != nil {
		fmt.Println(err)
		return 99
	}
	if err := os.Rename(path+".new", path); err != nil {
		fmt.Println(err)
		return 99
	}
	fmt.Println(strings.ToUpper(os.Getenv("TEST_ROLE")), os.Getpid())
	if <-told == syscall.SIGUSR2 {
		return startNext("successor", false)
	}
	return 0
}

func daemonSpec(path string) plan.Spec {
	return spec("w", "daemonize", plain, func(sp *plan.Spec) {
		sp.PIDFile, sp.OnInitiatorExit = path, "keep"
		sp.Environment = append(sp.Environment, plan.Entry{Key: "TEST_PIDFILE", Value: path, Valued: true})
	})
}

// mainIs waits until a worker has a main process.
func (s *stage) mainIs(pid int) report.Event {
	s.t.Helper()
	return s.saw(fmt.Sprintf("main process %d", pid), func(tr report.Event) bool { return tr.PID == pid && tr.To == report.Running })
}

// TestDaemonIsFollowed: a program that forks twice goes on in the background, and
// twice with a successor. Its pidfile names the main process, which gets the signals
// and survives the keeper and the initiator.
func TestDaemonIsFollowed(t *testing.T) {
	t.Parallel()
	path, at := filepath.Join(t.TempDir(), "w.pid"), filepath.Join(t.TempDir(), "keeper.sock")
	if err := os.WriteFile(path, []byte("1"), 0o600); err != nil { // of an earlier run
		t.Fatal(err)
	}
	var second *keeper.Keeper
	w := daemonSpec(path)
	s := open(t, planOf(w, spec("other", "wait", plain)), func(o *Options) {
		o.NewKeeper = func() (k *keeper.Keeper, err error) {
			second, err = keeper.Launch(keeper.Options{HandoverSocket: at})
			return second, err
		}
	})
	first := numberOf(t, s.line("DAEMON "))
	if tr := s.mainIs(first); tr.Incarnation != 1 || !strings.Contains(tr.Reason, path) {
		t.Errorf("%+v", tr)
	}
	s.replaceMain()
	next := numberOf(t, s.line("SUCCESSOR "))
	s.mainIs(next)
	if err := syscall.Kill(s.keeper.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ready("other", 2)
	if is := s.one("w"); is.PID != next || is.Incarnation != 1 {
		t.Errorf("after the keeper was killed: %+v, want pid %d", is, next)
	}
	s2 := s.handOver(second, at)
	if is := s2.one("w"); is.PID != next || is.Incarnation != 1 {
		t.Errorf("after the initiator: %+v, want pid %d", is, next)
	}
	s2.replaceMain()
	last := numberOf(t, s2.line("SUCCESSOR "))
	s2.mainIs(last)
	if _, err := s2.Stop(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	for _, pid := range []int{first, next, last} {
		if alive(pid) {
			t.Errorf("%d is left", pid)
		}
	}
}

// replaceMain lets the daemon start its successor.
func (s *stage) replaceMain() {
	s.t.Helper()
	if err := s.SignalWorkers(s.t.Context(), int(syscall.SIGUSR2), report.SignalMain, "w"); err != nil {
		s.t.Fatal(err)
	}
}

// handOver starts the next supervisor with the plan of this one, whose keeper waits
// at a socket.
func (s *stage) handOver(k *keeper.Keeper, socket string) *stage {
	s.t.Helper()
	if err := s.Quiesce(s.t.Context(), time.Minute); err != nil {
		s.t.Fatal(err)
	}
	<-s.done
	k.Detach()
	next, held, err := keeper.Attach(socket, keeper.Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := next.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return open(s.t, s.opts.Plan, func(o *Options) { o.Keeper, o.Held = next, held })
}

// endMainTimeout ends the wait for the main process of the only worker when the
// keeper has refused a process.
func endMainTimeout(l *loop) {
	w := l.order[0]
	if w.follower == nil || w.follower.refusal == "" {
		l.box.Put(endMainTimeout)
		return
	}
	w.rec.MainDeadline = l.now
	l.applyEvent(w, lifecycle.Event{Kind: lifecycle.DeadlinePassed})
}

// TestPIDFileNamesNoMain: the exit of a program in the background says which file
// has named no process of the worker, and why.
func TestPIDFileNamesNoMain(t *testing.T) {
	t.Parallel()
	stranger, _ := procfs.ReadStat(os.Getpid())
	path := filepath.Join(t.TempDir(), "w.pid")
	if err := os.WriteFile(path, []byte(strconv.Itoa(stranger.PID)), 0o600); err != nil {
		t.Fatal(err)
	}
	w := daemonSpec(filepath.Join(t.TempDir(), "another.pid"))
	w.PIDFile, w.Restart.Auto = path, "false"
	s := open(t, planOf(w))
	daemon := numberOf(t, s.line("DAEMON "))
	s.box.Put(endMainTimeout)
	tr := s.reaches("w", report.Exited)
	if want := fmt.Sprintf("the program went to the background, and %s named no process of this worker: process %d", path, stranger.PID); !strings.Contains(tr.Reason, want) || !strings.Contains(tr.Reason, "is older than the worker") {
		t.Errorf("the reason is %q", tr.Reason)
	}
	if alive(daemon) {
		t.Errorf("%d is left", daemon)
	}
}

// TestOwnDaemonHasThePort: a worker whose port an earlier process of it has is not
// told that another program has the port.
func TestOwnDaemonHasThePort(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	s := open(t, planOf(spec("w", "webhook", func(sp *plan.Spec) {
		sp.Port, sp.Autostart, sp.Restart.Auto = listener.Addr().(*net.TCPAddr).Port, false, "false"
	})))
	left := exec.Command("sleep", "1000")
	left.Env, left.ExtraFiles = []string{"INITIATOR_GUID=" + s.one("w").GUID}, []*os.File{file}
	if err := left.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = left.Process.Kill(); _ = left.Wait() }()
	file.Close()
	listener.Close()
	results, err := s.Start(t.Context(), "w")
	if err != nil || len(results) != 1 {
		t.Fatalf("%+v, %v", results, err)
	}
	want := fmt.Sprintf("process %d sleep has it, which this worker has started and left in the background", left.Process.Pid)
	if !strings.Contains(results[0].Worker.Reason, want) {
		t.Errorf("%q, want %q", results[0].Worker.Reason, want)
	}
}
