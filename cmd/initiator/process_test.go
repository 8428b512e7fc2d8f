package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
	"initiator/initiator/report"
)

// testProcess is a running process of the program in a directory of its own.
type testProcess struct {
	t          *testing.T
	dir        string
	cmd        *exec.Cmd
	stdout     <-chan string
	stderr     <-chan string
	stderrText string // the text that was read from stderr so far
}

// newTestDirectory makes a directory with an INI.
func newTestDirectory(t *testing.T, ini string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "initiator.ini"), []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startProcess runs the program in a test directory. Processes that it leaves
// behind fail the test.
func startProcess(t *testing.T, dir string, args ...string) *testProcess {
	t.Helper()
	return beginProcess(t, dir, exec.Command("initiator", args...))
}

// beginProcess is startProcess for a command that starts the program
// indirectly.
func beginProcess(t *testing.T, dir string, cmd *exec.Cmd) *testProcess {
	t.Helper()
	p := &testProcess{t: t, dir: dir, cmd: cmd}
	p.cmd.Dir = dir
	p.cmd.Env = append(os.Environ(), "TMPDIR="+filepath.Join(dir, "tmp"))
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.stdout, p.stderr = linesOf(out), linesOf(errs)
	t.Cleanup(func() { _ = p.cmd.Process.Kill() }) // of no effect once it has ended
	return p
}

// awaitOutput reads stderr up to a line with that text.
func (p *testProcess) awaitOutput(text string) {
	p.t.Helper()
	p.stderrText += awaitLine(p.t, p.stderr, text)
}

func (p *testProcess) sendSignal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// expectExit checks the exit code, and that no process is left. It returns all
// of stderr.
func (p *testProcess) expectExit(code int) string {
	p.t.Helper()
	for line := range p.stderr {
		p.stderrText += line
	}
	for range p.stdout {
	}
	_ = p.cmd.Wait() // its code is looked at below
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d; stderr is:\n%s", got, code, p.stderrText)
	}
	if found := processesIn(p.dir); len(found) > 0 {
		p.t.Errorf("processes are left: %v", found)
	}
	if left, _ := filepath.Glob(filepath.Join(p.dir, "tmp", "*")); len(left) > 0 {
		p.t.Errorf("left behind: %v", left)
	}
	return p.stderrText
}

func (p *testProcess) newClient() *client.Client {
	c := client.New(filepath.Join(p.dir, ".initiator", "initiator.sock"))
	p.t.Cleanup(c.Close)
	return c
}

// awaitReady waits until all workers of an `up` are ready.
func (p *testProcess) awaitReady() {
	p.t.Helper()
	c := p.newClient()
	err := waitUntil("all workers ready", func(ctx context.Context) bool {
		list, err := c.Workers(ctx)
		return err == nil && len(list) > 0 && statusCode(list) == cli.ExitOK
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

const (
	sleeper = "[worker:sleeper]\ncommand = ${initiator:self} job sleep\n"
	// deaf ignores TERM, and prints a line when its handler is installed.
	deaf = "[worker:deaf]\ncontract = off\nstopwaitsecs = 1h\nready = line:deaf\n" +
		`command = sh -c "trap '' TERM; echo deaf; while :; do sleep 3600; done"` + "\n"
)

func TestRunIsInterrupted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}, {syscall.SIGHUP, 129}, {syscall.SIGQUIT, 131}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			t.Parallel()
			p := startProcess(t, newTestDirectory(t, sleeper), "run", "sleeper", `{"seconds": 3600}`)
			p.awaitOutput("ready on port")
			p.sendSignal(c.signal)
			p.expectExit(c.code)
		})
	}
}

func TestInterruptedRunCancelsItsTask(t *testing.T) {
	t.Parallel()
	dir := newTestDirectory(t, sleeper)
	up := startProcess(t, dir, "up")
	up.awaitReady()
	run := startProcess(t, dir, "run", "sleeper", `{"seconds": 3600}`)
	c := up.newClient()
	running := func(state string) func(context.Context) bool {
		return func(ctx context.Context) bool {
			s, err := c.Status(ctx)
			n := 0
			for k, v := range s.Tasks["sleeper"] {
				if string(k) == state {
					n = v
				}
			}
			return err == nil && n == 1
		}
	}
	if err := waitUntil("the task runs", running("running")); err != nil {
		t.Fatal(err)
	}
	run.sendSignal(syscall.SIGINT)
	_ = run.cmd.Wait()
	if got := run.cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit code %d, want 130", got)
	}
	if err := waitUntil("the task is cancelled", running("cancelled")); err != nil {
		t.Error(err)
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}

func TestUpStopsOnASignal(t *testing.T) {
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p := startProcess(t, newTestDirectory(t, sleeper), "up")
		p.awaitReady()
		p.sendSignal(s)
		text := p.expectExit(0)
		if !strings.Contains(text, "stopping 1 worker, at most 40 s") || !strings.Contains(text, "ended") {
			t.Errorf("%v: stderr is\n%s", s, text)
		}
	}
}

func TestASecondSignalKillsTheWorkers(t *testing.T) {
	t.Parallel()
	p := startProcess(t, newTestDirectory(t, deaf), "up")
	p.awaitReady()
	p.sendSignal(syscall.SIGINT)
	p.awaitOutput("Ctrl-C again kills them")
	p.awaitOutput("waiting for deaf")
	p.sendSignal(syscall.SIGINT)
	if text := p.expectExit(130); !strings.Contains(text, "killing the remaining workers (second SIGINT)") {
		t.Errorf("stderr is\n%s", text)
	}
}

// USR1 has no effect.
func TestUSR1ChangesNothing(t *testing.T) {
	t.Parallel()
	p := startProcess(t, newTestDirectory(t, sleeper), "up")
	p.awaitReady()
	before, err := p.newClient().Workers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.sendSignal(syscall.SIGUSR1)
	p.sendSignal(syscall.SIGUSR2)
	p.awaitOutput("SIGUSR2") // which came later
	after, err := p.newClient().Workers(t.Context())
	if err != nil || after[0].PID != before[0].PID || !after[0].Ready {
		t.Errorf("%+v, %v; was %+v", after, err, before)
	}
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
}

// Without a terminal, HUP reloads and does not end the program.
func TestHangupWithoutATerminalReloads(t *testing.T) {
	t.Parallel()
	p := startProcess(t, newTestDirectory(t, sleeper), "up")
	p.awaitReady()
	p.sendSignal(syscall.SIGHUP)
	p.awaitOutput("reloaded: changes=none")
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
}

func TestAClosedStdoutEndsQuietly(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"status"}, {"events", "-f"}, {"check"}, {"run", "-q", "echoer", "1"}, {"--help"}} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			dir := newTestDirectory(t, "[worker:echoer]\ncommand = ${initiator:self} job echo\n")
			if args[0] == "status" || args[0] == "events" {
				up := startProcess(t, dir, "up")
				up.awaitReady()
				defer func() {
					up.sendSignal(syscall.SIGTERM)
					up.expectExit(0)
				}()
			}
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			cmd := exec.Command("initiator", args...)
			var text strings.Builder
			cmd.Dir, cmd.Stdout, cmd.Stderr = dir, w, &text
			_ = cmd.Run() // its code is looked at below
			w.Close()
			if got := cmd.ProcessState.ExitCode(); got != 141 || text.String() != "" {
				t.Errorf("exit code %d, want 141 as of SIGPIPE; stderr is %q", got, &text)
			}
		})
	}
}

func TestLogsAndEventsAreFollowed(t *testing.T) {
	t.Parallel()
	dir := newTestDirectory(t, "[worker:talker]\ncommand = ${initiator:self} job echo\n")
	up := startProcess(t, dir, "up")
	up.awaitReady()
	logs := startProcess(t, dir, "logs", "-f", "--stream", "stderr", "talker")
	events := startProcess(t, dir, "events", "-f", "-o", "json")
	if _, err := up.newClient().Restart(t.Context(), "talker"); err != nil {
		t.Fatal(err)
	}
	awaitLine(t, logs.stdout, `"incarnation":2`)
	awaitLine(t, events.stdout, `"incarnation":2,"from":"STARTING","to":"RUNNING"`)
	up.sendSignal(syscall.SIGTERM)
	awaitLine(t, events.stdout, `"to":"STOPPED"`)
	logs.expectExitOnly(0) // both end with the initiator
	events.expectExitOnly(0)
	up.expectExit(0)
}

// expectExitOnly checks the exit code. Other processes may still run in the
// directory.
func (p *testProcess) expectExitOnly(code int) {
	p.t.Helper()
	for line := range p.stderr {
		p.stderrText += line
	}
	for range p.stdout {
	}
	_ = p.cmd.Wait() // its code is looked at below
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d; stderr is:\n%s", got, code, p.stderrText)
	}
}

func TestFatalWorkersDoNotStopTheOthers(t *testing.T) {
	t.Parallel()
	dir := newTestDirectory(t, sleeper+"[worker:gone]\ncommand = ./nowhere\nstartretries = 1\n")
	p := startProcess(t, dir, "up")
	p.awaitOutput("worker FATAL")
	c := p.newClient()
	err := waitUntil("the other one is ready", func(ctx context.Context) bool {
		list, err := c.Workers(ctx)
		return err == nil && len(list) == 2 && list[0].State == report.Running && list[1].State == report.Fatal
	})
	if err != nil {
		t.Error(err)
	}
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
}
