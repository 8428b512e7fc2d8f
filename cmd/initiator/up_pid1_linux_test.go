package main

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// contained runs the program as process 1 of a PID namespace of its own, with
// the /proc that belongs to it: what a container engine does.
func contained(t *testing.T, dir string, args ...string) *process {
	t.Helper()
	probe := exec.Command("true")
	probe.SysProcAttr = ownNamespace()
	if err := probe.Run(); err != nil {
		t.Skipf("a PID namespace cannot be made here (%v): run the tests as root", err)
	}
	const enter = `mount --make-rprivate / && mount -t proc proc /proc && exec "$@"`
	cmd := exec.Command("sh", append([]string{"-c", enter, "sh", "initiator"}, args...)...)
	cmd.SysProcAttr = ownNamespace()
	return begin(t, dir, cmd)
}

func ownNamespace() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS}
}

// inside runs a shell script in the namespaces of a process, as `docker exec`
// does.
func (p *process) inside(script string) string {
	p.t.Helper()
	out, err := p.enter(script).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%v: %s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func (p *process) enter(script string) *exec.Cmd {
	return exec.Command("nsenter", "-t", strconv.Itoa(p.cmd.Process.Pid), "-p", "-m", "sh", "-c", script)
}

// An orphan of a stranger, who came from outside, is given to process 1. Its
// zombie would be in /proc for ever, and the loop without an end.
func TestProcess1WaitsForStrangers(t *testing.T) {
	p := contained(t, house(t, sleeper), "up")
	p.started()
	const orphan = `
pid=$( (sleep 1000 >/dev/null 2>&1 & echo $!) )
set -- $(cat /proc/$pid/stat); echo parent $4
kill $pid
while [ -e /proc/$pid ]; do :; done
echo gone`
	for range 3 {
		if got := p.inside(orphan); got != "parent 1\ngone" {
			t.Fatalf("got %q", got)
		}
	}
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

// The keeper's exit is not taken from the initiator by process 1, and what the
// keeper leaves is waited for.
func TestProcess1LeavesTheKeeperToTheInitiator(t *testing.T) {
	p := contained(t, house(t, sleeper), "up")
	p.started()
	p.inside(`for c in /proc/[0-9]*; do
  case "$(tr '\0' ' ' <$c/cmdline 2>/dev/null)" in initiator-keeper*) kill -KILL ${c#/proc/};; esac
done`)
	p.hear("signal: killed") // which is what only its parent can know
	p.hear("worker ready")
	p.inside(`while grep -qs '^State:.Z' /proc/[0-9]*/status; do :; done`)
	p.signal(syscall.SIGTERM)
	p.ends(0)
}

func TestProcess1PassesSignalsOn(t *testing.T) {
	p := contained(t, house(t, sleeper), "up")
	p.started()
	p.signal(syscall.SIGHUP)
	p.hear("reload (SIGHUP)")
	p.signal(syscall.SIGUSR2)
	p.hear("SIGUSR2")
	p.signal(syscall.SIGINT)
	p.ends(0)
}

func TestProcess1EndsAsTheMainWorker(t *testing.T) {
	p := contained(t, house(t, sleeper+mainWorker("exit 42")), "up", "--main", "main")
	p.ends(42)
	p = contained(t, house(t, sleeper+mainWorker("sleep 1000")), "up", "--main", "main")
	p.started()
	p.signal(syscall.SIGTERM)
	p.ends(143)
}

// Without the initiator there is nothing to be process 1 for, and the kernel
// ends all others with it, those too that were to be kept.
func TestProcess1EndsWithTheInitiator(t *testing.T) {
	p := contained(t, house(t, sleeper+"on_initiator_exit = keep\n"), "up")
	p.started()
	_ = p.enter(`kill -KILL $(cat /proc/1/task/*/children)`).Run() // the kernel may end this one as well
	p.ends(137)
}

// Elsewhere than in a container --init does the same.
func TestInitOnRequest(t *testing.T) {
	p := start(t, house(t, sleeper), "up", "--init")
	p.started()
	p.signal(syscall.SIGTERM)
	p.ends(0)
	if said := start(t, house(t, "[worker:x]\nfoo = 1\n"), "up", "--init").ends(2); !strings.Contains(said, "foo") {
		t.Errorf("it said %q", said)
	}
}

// A Ctrl-C that came from the terminal and once more from process 1 would be
// the second one, which kills at once.
func TestInitOnATerminal(t *testing.T) {
	dir := house(t, deaf)
	person, program := pseudoTerminal(t, 100)
	cmd := exec.Command("initiator", "up", "--init")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // of no effect once it has ended
	lines := linesOf(person)
	seen(t, lines, "all workers are ready")
	ctrlC := func() {
		if _, err := person.WriteString("\x03"); err != nil {
			t.Fatal(err)
		}
	}
	ctrlC()
	said := seen(t, lines, "Ctrl-C again kills at once")
	said += seen(t, lines, "waits for deaf") // a second later
	if strings.Contains(said, "second SIGINT") {
		t.Errorf("one Ctrl-C was heard twice:\n%s", said)
	}
	ctrlC()
	seen(t, lines, "second SIGINT")
	_ = cmd.Wait() // its code is looked at
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d, want 130", code)
	}
}
