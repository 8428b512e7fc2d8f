package main

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// startContained runs the program as process 1 of a PID namespace with its own
// /proc, as a container engine does.
func startContained(t *testing.T, dir string, args ...string) *testProcess {
	t.Helper()
	probe := exec.Command("true")
	probe.SysProcAttr = ownNamespace()
	if err := probe.Run(); err != nil {
		t.Skipf("a PID namespace cannot be made here (%v): run the tests as root", err)
	}
	const enter = `mount --make-rprivate / && mount -t proc proc /proc && exec "$@"`
	cmd := exec.Command("sh", append([]string{"-c", enter, "sh", "initiator"}, args...)...)
	cmd.SysProcAttr = ownNamespace()
	return beginProcess(t, dir, cmd)
}

func ownNamespace() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
}

// runInside runs a shell script in the namespaces of a process, as `docker exec`
// does.
func (p *testProcess) runInside(script string) string {
	p.t.Helper()
	out, err := p.commandInside(script).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func (p *testProcess) commandInside(script string) *exec.Cmd {
	return exec.Command("nsenter", "-t", strconv.Itoa(p.cmd.Process.Pid), "-p", "-m", "sh", "-c", script)
}

// Process 1 becomes the parent of an orphan that entered the namespace from
// outside. If it did not reap the zombie, the loop in the script would not end.
func TestProcess1ReapsOrphans(t *testing.T) {
	p := startContained(t, newTestDirectory(t, sleeper), "up")
	p.awaitReady()
	const orphan = `
pid=$( (sleep 1000 >/dev/null 2>&1 & echo $!) )
set -- $(cat /proc/$pid/stat); echo parent $4
kill $pid
while [ -e /proc/$pid ]; do :; done
echo gone`
	for range 3 {
		if got := p.runInside(orphan); got != "parent 1\ngone" {
			t.Fatalf("got %q", got)
		}
	}
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
}

// Process 1 does not take the exit of the keeper from the initiator, and reaps
// what the keeper leaves.
func TestProcess1LeavesTheKeeperToTheInitiator(t *testing.T) {
	p := startContained(t, newTestDirectory(t, sleeper), "up")
	p.awaitReady()
	p.runInside(`for c in /proc/[0-9]*; do
  case "$(tr '\0' ' ' <$c/cmdline 2>/dev/null)" in initiator-keeper*) kill -KILL ${c#/proc/};; esac
done`)
	p.awaitOutput("signal: killed") // which is what only its parent can know
	p.awaitOutput("worker ready")
	p.runInside(`while grep -qs '^State:.Z' /proc/[0-9]*/status; do :; done`)
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
}

func TestProcess1PassesSignalsOn(t *testing.T) {
	p := startContained(t, newTestDirectory(t, sleeper), "up")
	p.awaitReady()
	p.sendSignal(syscall.SIGHUP)
	p.awaitOutput("reload (SIGHUP)")
	p.sendSignal(syscall.SIGUSR2)
	p.awaitOutput("SIGUSR2")
	p.sendSignal(syscall.SIGINT)
	p.expectExit(0)
}

func TestProcess1EndsAsTheMainWorker(t *testing.T) {
	p := startContained(t, newTestDirectory(t, sleeper+mainWorker("exit 42")), "up", "--main", "main")
	p.expectExit(42)
	p = startContained(t, newTestDirectory(t, sleeper+mainWorker("sleep 1000")), "up", "--main", "main")
	p.awaitReady()
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(143)
}

// When the initiator has ended, process 1 ends, and the kernel ends all other
// processes, also the workers with on_initiator_exit = keep.
func TestProcess1EndsWithTheInitiator(t *testing.T) {
	p := startContained(t, newTestDirectory(t, sleeper+"on_initiator_exit = keep\n"), "up")
	p.awaitReady()
	_ = p.commandInside(`kill -KILL $(cat /proc/1/task/*/children)`).Run() // the kernel may end this one as well
	p.expectExit(137)
}

// Outside a container --init does the same.
func TestInitOnRequest(t *testing.T) {
	p := startProcess(t, newTestDirectory(t, sleeper), "up", "--init")
	p.awaitReady()
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
	if text := startProcess(t, newTestDirectory(t, "[worker:x]\nfoo = 1\n"), "up", "--init").expectExit(2); !strings.Contains(text, "foo") {
		t.Errorf("stderr is %q", text)
	}
}

// A Ctrl-C that came from the terminal and again from process 1 would count as
// the second signal, which kills the workers.
func TestInitOnATerminal(t *testing.T) {
	dir := newTestDirectory(t, deaf)
	cmd, person := startOnTerminal(t, dir, "up", "--init")
	lines := linesOf(person)
	awaitOnTerminal(t, lines, "all workers are ready")
	ctrlC := func() {
		if _, err := person.WriteString("\x03"); err != nil {
			t.Fatal(err)
		}
	}
	ctrlC()
	text := awaitOnTerminal(t, lines, "Ctrl-C again kills them")
	text += awaitOnTerminal(t, lines, "waiting for deaf") // a second later
	if strings.Contains(text, "second SIGINT") {
		t.Errorf("one Ctrl-C was heard twice:\n%s", text)
	}
	ctrlC()
	awaitOnTerminal(t, lines, "second SIGINT")
	_ = cmd.Wait() // its code is looked at
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
}
