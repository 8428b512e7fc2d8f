package main

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/task"
)

// On a terminal, task wait shows the progress, and at the end only the result.
func TestWaitOnATerminal(t *testing.T) {
	dir := newTestDirectory(t, sleeper)
	up := startProcess(t, dir, "up")
	up.awaitReady()
	c := up.newClient()
	got, err := c.Submit(t.Context(), task.Request{Pool: "sleeper", Data: []byte(`{"seconds":3600}`)})
	if err != nil {
		t.Fatal(err)
	}
	person, program := pseudoTerminal(t, 100)
	cmd := exec.Command("initiator", "task", "wait", got.ID.String())
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, program, program, program
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	if err := person.SetReadDeadline(time.Now().Add(testTimeout)); err != nil {
		t.Log(err) // the test's own time-out will do
	}
	show := func(text string) {
		var all strings.Builder
		for part := make([]byte, 1000); !strings.Contains(all.String(), text); {
			n, err := person.Read(part)
			if all.Write(part[:n]); err != nil {
				t.Fatalf("%q without %s: %v", all.String(), text, err)
			}
		}
	}
	show("sleeper running, attempt 1")
	if _, err := c.Cancel(t.Context(), got.ID); err != nil {
		t.Fatal(err)
	}
	show("initiator: task: wait: sleeper: cancelled")
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != cli.ExitFailed {
		t.Error(cmd.ProcessState)
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}
