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
	"initiator/internal/lifecycle"
)

// process is the program, running in a directory of its own.
type process struct {
	t      *testing.T
	dir    string
	cmd    *exec.Cmd
	stdout <-chan string
	stderr <-chan string
	said   string // what was read of stderr so far
}

// house makes a directory with an INI.
func house(t *testing.T, ini string) string {
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

// start runs the program in a house. What it leaves behind fails the test.
func start(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	return begin(t, dir, exec.Command("initiator", args...))
}

// begin is start for a command that leads to the program.
func begin(t *testing.T, dir string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, dir: dir, cmd: cmd}
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

// hear reads stderr up to a line with that text.
func (p *process) hear(text string) {
	p.t.Helper()
	p.said += await(p.t, p.stderr, text)
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// ends demands the exit code, and that nothing is left. It returns all of stderr.
func (p *process) ends(code int) string {
	p.t.Helper()
	for line := range p.stderr {
		p.said += line
	}
	for range p.stdout {
	}
	_ = p.cmd.Wait() // its code is looked at below
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d; it said:\n%s", got, code, p.said)
	}
	if found := processesIn(p.dir); len(found) > 0 {
		p.t.Errorf("processes are left: %v", found)
	}
	if left, _ := filepath.Glob(filepath.Join(p.dir, "tmp", "*")); len(left) > 0 {
		p.t.Errorf("left behind: %v", left)
	}
	return p.said
}

func (p *process) client() *client.Client {
	c := client.Unix(filepath.Join(p.dir, ".initiator", "initiator.sock"))
	p.t.Cleanup(c.Close)
	return c
}

// started waits until all workers of an `up` are ready.
func (p *process) started() {
	p.t.Helper()
	c := p.client()
	err := until("all workers ready", func(ctx context.Context) bool {
		list, err := c.Workers(ctx)
		return err == nil && len(list) > 0 && statusCode(list) == cli.ExitOK
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

const (
	sleeper = "[worker:sleeper]\ncommand = ${initiator:self} job sleep\n"
	// deaf does not end when it is asked to, and says when it can be asked.
	deaf = "[worker:deaf]\ncontract = off\nstopwaitsecs = 1h\nready = line:deaf\n" +
		`command = sh -c "trap '' TERM; echo deaf; while :; do sleep 3600; done"` + "\n"
)

func TestRunIsInterrupted(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		code   int
	}{{syscall.SIGINT, 130}, {syscall.SIGTERM, 143}, {syscall.SIGHUP, 129}} {
		t.Run(c.signal.String(), func(t *testing.T) {
			p := start(t, house(t, sleeper), "run", "sleeper", `{"seconds": 3600}`)
			p.hear("ready on port")
			p.signal(c.signal)
			p.ends(c.code)
		})
	}
}

func TestInterruptedRunCancelsItsTask(t *testing.T) {
	dir := house(t, sleeper)
	up := start(t, dir, "up")
	up.started()
	run := start(t, dir, "run", "sleeper", `{"seconds": 3600}`)
	c := up.client()
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
	if err := until("the task runs", running("running")); err != nil {
		t.Fatal(err)
	}
	run.signal(syscall.SIGINT)
	_ = run.cmd.Wait()
	if got := run.cmd.ProcessState.ExitCode(); got != 130 {
		t.Errorf("exit code %d, want 130", got)
	}
	if err := until("the task is cancelled", running("cancelled")); err != nil {
		t.Error(err)
	}
	up.signal(syscall.SIGTERM)
	up.ends(0)
}

func TestUpStopsOnASignal(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		p := start(t, house(t, sleeper), "up")
		p.started()
		p.signal(s)
		said := p.ends(0)
		if !strings.Contains(said, "stopping 1 worker, at most 40 s") || !strings.Contains(said, "ended") {
			t.Errorf("%v: it said\n%s", s, said)
		}
	}
}

func TestASecondSignalKillsAtOnceAndSaysSo(t *testing.T) {
	p := start(t, house(t, deaf), "up")
	p.started()
	p.signal(syscall.SIGINT)
	p.hear("Ctrl-C again kills at once")
	p.hear("waits for deaf")
	p.signal(syscall.SIGINT)
	if said := p.ends(130); !strings.Contains(said, "kills what is left (second SIGINT)") {
		t.Errorf("it said\n%s", said)
	}
}

// USR1 means nothing: it neither ends the initiator nor does anything else.
func TestUSR1ChangesNothing(t *testing.T) {
	p := start(t, house(t, sleeper), "up")
	p.started()
	before, err := p.client().Workers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.signal(syscall.SIGUSR1)
	p.signal(syscall.SIGUSR2)
	p.hear("SIGUSR2") // which came later
	after, err := p.client().Workers(t.Context())
	if err != nil || after[0].PID != before[0].PID || !after[0].Ready {
		t.Errorf("%+v, %v; was %+v", after, err, before)
	}
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

// TestHangupWithoutATerminalIsReload, and no end.
func TestHangupWithoutATerminalIsReload(t *testing.T) {
	p := start(t, house(t, sleeper), "up")
	p.started()
	p.signal(syscall.SIGHUP)
	p.hear("reloaded: changes=none")
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

func TestAClosedStdoutEndsQuietly(t *testing.T) {
	for _, args := range [][]string{{"status"}, {"events", "-f"}, {"check"}, {"run", "-q", "echoer", "1"}, {"--help"}} {
		t.Run(args[0], func(t *testing.T) {
			dir := house(t, "[worker:echoer]\ncommand = ${initiator:self} job echo\n")
			if args[0] == "status" || args[0] == "events" {
				up := start(t, dir, "up")
				up.started()
				defer func() {
					up.signal(syscall.SIGTERM)
					up.ends(0)
				}()
			}
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			r.Close()
			cmd := exec.Command("initiator", args...)
			var said strings.Builder
			cmd.Dir, cmd.Stdout, cmd.Stderr = dir, w, &said
			_ = cmd.Run() // its code is looked at below
			w.Close()
			if got := cmd.ProcessState.ExitCode(); got != 141 || said.String() != "" {
				t.Errorf("exit code %d, want 141 as of SIGPIPE; it said %q", got, &said)
			}
		})
	}
}

func TestLogsAndEventsAreFollowed(t *testing.T) {
	dir := house(t, "[worker:talker]\ncommand = ${initiator:self} job echo\n")
	up := start(t, dir, "up")
	up.started()
	logs := start(t, dir, "logs", "-f", "--stream", "stderr", "talker")
	events := start(t, dir, "events", "-f", "-o", "json")
	if _, err := up.client().Restart(t.Context(), "talker"); err != nil {
		t.Fatal(err)
	}
	await(t, logs.stdout, `"incarnation":2`)
	await(t, events.stdout, `"incarnation":2,"from":"STARTING","to":"RUNNING"`)
	up.signal(syscall.SIGTERM)
	await(t, events.stdout, `"to":"STOPPED"`)
	logs.ended(0) // both end with the initiator
	events.ended(0)
	up.ends(0)
}

// ended demands the exit code; others may still run in the house.
func (p *process) ended(code int) {
	p.t.Helper()
	for line := range p.stderr {
		p.said += line
	}
	for range p.stdout {
	}
	_ = p.cmd.Wait() // its code is looked at below
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		p.t.Errorf("exit code %d, want %d; it said:\n%s", got, code, p.said)
	}
}

func TestFatalWorkersDoNotStopTheOthers(t *testing.T) {
	dir := house(t, sleeper+"[worker:gone]\ncommand = ./nowhere\nstartretries = 1\n")
	p := start(t, dir, "up")
	p.hear("worker FATAL")
	c := p.client()
	err := until("the other one is ready", func(ctx context.Context) bool {
		list, err := c.Workers(ctx)
		return err == nil && len(list) == 2 && list[0].State == lifecycle.Running && list[1].State == lifecycle.Fatal
	})
	if err != nil {
		t.Error(err)
	}
	p.signal(syscall.SIGTERM)
	p.ends(0)
}
