package main

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"initiator/internal/statedir"
)

// sendSignal signals the initiator of the script's directory, whose pid is in
// its lock file: `hup`, `usr2`, `crash`.
func sendSignal(sig syscall.Signal) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, _ bool, _ []string) {
		text, err := os.ReadFile(ts.MkAbs(".initiator/lock"))
		ts.Check(err)
		pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
		ts.Check(err)
		ts.Check(syscall.Kill(pid, sig))
	}
}

// awaitGrowth waits until a file is not empty, or contains a text: `grows FILE
// [TEXT]`.
func awaitGrowth(ts *testscript.TestScript, _ bool, args []string) {
	part := strings.Join(args[1:], " ")
	ts.Check(waitUntil(part+" in "+args[0], func(context.Context) bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && len(text) > 0 && strings.Contains(string(text), part)
	}))
}

// awaitLastKnown waits until the state file shows every worker ready.
func awaitLastKnown(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(waitUntil("the state file", func(context.Context) bool {
		s, err := statedir.ReadLastKnownState(ts.MkAbs(".initiator"))
		for _, w := range s.Workers {
			if !w.Ready {
				return false
			}
		}
		return err == nil && len(s.Workers) > 0
	}))
}

// An `up` whose stdout and stderr are not read any more, or closed, keeps
// running, and so do its workers, however much they write.
func TestUpRunsOnWithoutAReader(t *testing.T) {
	t.Parallel()
	// More than all pipes and buffers on the way hold.
	flood := "[worker:flood]\ncommand = sh -c \"yes 'a line of the flood " + strings.Repeat("drop ", 40) + "' | head -c 5000000; exec sleep 1000\"\ncontract = off\nstdout_logfile = -\n"
	for _, closed := range []bool{false, true} {
		t.Run(map[bool]string{false: "unread", true: "closed"}[closed], func(t *testing.T) {
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()
			if closed {
				read.Close()
			}
			p := &testProcess{t: t, dir: newTestDirectory(t, flood+"[worker:echoer]\ncommand = ${initiator:self} job echo\n"), cmd: exec.Command("initiator", "up", "--loglevel", "debug")}
			p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = p.dir, write, write
			if err := p.cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = p.cmd.Process.Kill() }() // of no effect once it has ended
			write.Close()
			p.awaitReady()
			run := exec.Command("initiator", "run", "-q", "echoer", "1")
			run.Dir = p.dir
			if output, err := run.CombinedOutput(); err != nil || string(output) != "1\n" {
				t.Errorf("run: %q, %v", output, err)
			}
			p.sendSignal(syscall.SIGTERM)
			_ = p.cmd.Wait() // its code is looked at below
			if got := p.cmd.ProcessState.ExitCode(); got != 0 {
				t.Errorf("exit code %d", got)
			}
			if found := processesIn(p.dir); len(found) > 0 {
				t.Errorf("processes are left: %v", found)
			}
		})
	}
}
