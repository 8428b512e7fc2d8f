package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"initiator/initiator/client"
	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/jobstest"
)

// TestMain makes the test binary the program itself: under the name
// "initiator", which testscript gives it, and as `job`, which is what
// ${initiator:self} of an initiator inside a test starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "job" {
		main()
	}
	if filepath.Base(os.Args[0]) != "initiator" {
		initiatortest.Main(nil)
		jobstest.PutPythonFirst()
	}
	os.Setenv("GORACE", raceOptions)
	_ = flag.Set("test.parallel", "4") // the tests mostly wait; the command line has precedence
	testscript.Main(leakCheck{m}, map[string]func(){"initiator": main})
}

// raceOptions removes the second that a process with the race detector waits
// before it exits.
const raceOptions = "atexit_sleep_ms=0"

// leakCheck fails tests that leave goroutines behind.
type leakCheck struct{ m *testing.M }

func (t leakCheck) Run() int {
	passOn := passHangupsOn()
	code := t.m.Run()
	passOn()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", raceOptions)
			e.Setenv("QUICKSTART", quickstartPath(t))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready": awaitReady, "task": awaitTask, "alone": expectNoProcesses, "code": expectCode, "freeport": freePort, "answers": awaitListener,
			"freeze": sendSignal(syscall.SIGSTOP), "thaw": sendSignal(syscall.SIGCONT), "hup": sendSignal(syscall.SIGHUP), "usr2": sendSignal(syscall.SIGUSR2), "crash": sendSignal(syscall.SIGKILL),
			"grows": awaitGrowth, "seen": awaitLastKnown, "restored": awaitRestored, "problem": awaitProblem,
		},
	})
}

func quickstartPath(t *testing.T) string {
	path, err := filepath.Abs("../../testdata/quickstart.ini")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// testTimeout limits every wait of a test.
const testTimeout = 30 * time.Second

// waitUntil repeats ask until it returns true.
func waitUntil(what string, ask func(context.Context) bool) error {
	ctx, stop := context.WithTimeout(context.Background(), testTimeout)
	defer stop()
	tick := time.NewTicker(20 * time.Millisecond) // each question costs processor time
	defer tick.Stop()
	for !ask(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: not within %v", what, testTimeout)
		}
	}
	return nil
}

func scriptClient(ts *testscript.TestScript) *client.Client {
	return client.New(ts.MkAbs(".initiator/initiator.sock"))
}

// awaitReady waits until every worker of the initiator in $WORK/.initiator is
// ready, or named workers are in a state: `ready`, `ready gone=FATAL`; `ready
// late=` waits until the worker exists.
func awaitReady(ts *testscript.TestScript, _ bool, args []string) {
	c := scriptClient(ts)
	defer c.Close()
	want := map[string]string{}
	for _, arg := range args {
		name, state, _ := strings.Cut(arg, "=")
		want[name] = state
	}
	ts.Check(waitUntil("ready", func(ctx context.Context) bool {
		list, err := c.Workers(ctx)
		for name := range want {
			if !slices.ContainsFunc(list, func(w report.Worker) bool { return w.Name == name }) {
				return false
			}
		}
		for _, w := range list {
			if state := want[w.Name]; state != "" && state != w.State.String() ||
				state == "" && !(w.State == report.Running && w.Ready) {
				return false
			}
		}
		return err == nil && len(list) > 0
	}))
}

// awaitRestored waits until the running initiator has made its lock, its token and its
// socket again.
func awaitRestored(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(waitUntil("restored", func(context.Context) bool {
		for _, name := range []string{"lock", "token", "initiator.sock"} {
			if _, err := os.Lstat(ts.MkAbs(".initiator/" + name)); err != nil {
				return false
			}
		}
		return true
	}))
}

// awaitProblem waits until the running initiator has a problem of that name.
func awaitProblem(ts *testscript.TestScript, _ bool, args []string) {
	c := scriptClient(ts)
	defer c.Close()
	ts.Check(waitUntil("problem "+args[0], func(ctx context.Context) bool {
		status, err := c.Status(ctx)
		return err == nil && slices.ContainsFunc(status.Problems, func(p report.Problem) bool { return p.Name == args[0] })
	}))
}

// awaitTask waits until the newest task is in a state, and keeps its id in
// $TASK: `task running`; with a ! before it, until no task is in it.
func awaitTask(ts *testscript.TestScript, none bool, args []string) {
	c := scriptClient(ts)
	defer c.Close()
	if state := task.State(args[0]); none {
		ts.Check(waitUntil("no task "+args[0], func(ctx context.Context) bool {
			list, err := c.List(ctx, task.Filter{State: state, Limit: 1})
			return err == nil && len(list) == 0
		}))
		return
	}
	ts.Check(waitUntil("task "+args[0], func(ctx context.Context) bool {
		list, err := c.List(ctx, task.Filter{Limit: 1})
		if err != nil || len(list) == 0 || string(list[0].State) != args[0] {
			return false
		}
		ts.Setenv("TASK", list[0].ID.String())
		return true
	}))
}

// expectNoProcesses fails when a process works in the directory of the script,
// or a temporary file is left.
func expectNoProcesses(ts *testscript.TestScript, _ bool, _ []string) {
	left, err := os.ReadDir(ts.Getenv("TMPDIR"))
	if err == nil && len(left) > 0 {
		ts.Fatalf("left in the temporary directory: %v", left)
	}
	if found := processesIn(ts.Getenv("WORK")); len(found) > 0 {
		ts.Fatalf("processes are left: %v", found)
	}
}

// processesIn lists the processes that work below a directory, without this
// process.
func processesIn(dir string) (found []string) {
	all, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range all {
		cwd, err := os.Readlink(link)
		pid := filepath.Base(filepath.Dir(link))
		if err == nil && strings.HasPrefix(cwd+"/", dir+"/") && pid != strconv.Itoa(os.Getpid()) {
			argv, _ := os.ReadFile("/proc/" + pid + "/cmdline")
			found = append(found, pid+" "+strings.ReplaceAll(string(argv), "\x00", " "))
		}
	}
	return found
}

// expectCode runs a command and checks its exit code: `code 127 initiator run
// x`.
func expectCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if err != nil {
		if _, e := fmt.Sscanf(err.Error(), "exit status %d", &got); e != nil {
			ts.Fatalf("%v", err)
		}
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// passHangupsOn makes programs that the tests start receive HUP, until the returned
// function is called. Under nohup they would ignore it, as this process does.
func passHangupsOn() (end func()) {
	ignored, hangups := signal.Ignored(syscall.SIGHUP), make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // a signal with a handler is not ignored after exec
	go func() {
		for range hangups {
			if !ignored {
				os.Exit(128 + int(syscall.SIGHUP))
			}
		}
	}()
	return func() {
		signal.Stop(hangups)
		close(hangups)
	}
}
