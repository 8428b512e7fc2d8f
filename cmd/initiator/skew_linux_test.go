package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
)

// olderProgram builds this program with a keeper of the first version.
func olderProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "initiator")
	build := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w -X initiator/internal/keeper.versionText=1", "-o", path, ".")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	return path
}

// expectOutput runs a verb in the directory, and checks its exit code and a
// part of its output.
func (p *testProcess) expectOutput(code int, part string, args ...string) {
	p.t.Helper()
	cmd := exec.Command("initiator", args...)
	cmd.Dir = p.dir
	output, _ := cmd.CombinedOutput() // its code is looked at
	if got := cmd.ProcessState.ExitCode(); got != code || !strings.Contains(string(output), part) {
		p.t.Errorf("%s: exit code %d, want %d and %q; the output is:\n%s", strings.Join(args, " "), got, code, part, output)
	}
}

func (p *testProcess) readyWorker() report.Worker {
	p.t.Helper()
	list, err := p.newClient().Workers(p.t.Context())
	if err != nil || len(list) != 1 {
		p.t.Fatal(list, err)
	}
	return list[0]
}

// A newer initiator keeps the keeper of an older program, says which orders
// that keeper cannot carry out, and starts a new keeper after the last worker
// of the old one has ended.
func TestAnOlderKeeper(t *testing.T) {
	t.Parallel()
	newer, err := exec.LookPath("initiator")
	if err != nil {
		t.Fatal(err)
	}
	dir := newTestDirectory(t, "[worker:talker]\ncommand = sh -c 'echo hello; exec sleep 1000'\ncontract = off\nready = line:hello\n")
	p := beginProcess(t, dir, exec.Command(olderProgram(t), "up"))
	p.awaitReady()
	before := p.readyWorker()
	p.expectOutput(0, "1 worker kept running", "upgrade", newer)
	p.expectOutput(1, "the running keeper is older than this program", "clear", "talker")
	p.expectOutput(0, "hello", "tail", "talker")
	if is := p.readyWorker(); is.PID != before.PID || is.Incarnation != 1 || !is.Ready {
		t.Errorf("the talker is %+v, and was %+v", is, before)
	}
	p.expectOutput(0, "talker", "stop", "all")
	p.expectOutput(0, "talker", "start", "all")
	p.expectOutput(0, "talker: cleared", "clear", "all")
	log := filepath.Join(dir, ".initiator", "logs", "talker.0.stdout.log")
	if text, err := os.ReadFile(log); err == nil {
		t.Errorf("the log is still there: %q", text)
	}
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
}
