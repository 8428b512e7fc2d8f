package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/report"
)

// mainWorker returns the section of a main worker that is a shell script.
func mainWorker(script string) string {
	return fmt.Sprintf("[worker:main]\ncontract = off\nautorestart = false\ncommand = sh -c '%s'\n", script)
}

func TestUpEndsWithTheMainWorker(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ini  string
		code int
	}{
		{mainWorker("exit 0"), 0},
		{mainWorker("exit 3"), 3},
		{mainWorker("kill -KILL $$$$"), 137},
		{"[worker:main]\ncontract = off\ncommand = ./nowhere\nstartretries = 1\n", 125},
	} {
		p := startProcess(t, newTestDirectory(t, sleeper+c.ini), "up", "--main", "main")
		if text := p.expectExit(c.code); !strings.Contains(text, "the main worker main has ended, stopping all others") {
			t.Errorf("%s: stderr is %s", c.ini, text)
		}
	}
}

// A worker that the restart policy starts again has not ended for good, and a
// stopped worker has not either.
func TestUpRunsOnWhileTheMainWorkerRestarts(t *testing.T) {
	t.Parallel()
	const ini = "[worker:main]\ncontract = off\nautorestart = true\nstartsecs = 0\nrestart_delay = 10ms\ncommand = sh -c 'echo x >>log; test $$(wc -l <log) -lt 3 || exec sleep 1000'\n"
	p := startProcess(t, newTestDirectory(t, ini), "up", "--main", "main")
	p.awaitOutput("incarnation=3")
	p.awaitReady()
	c := p.newClient()
	if _, err := c.Stop(t.Context(), "main"); err != nil {
		t.Fatal(err)
	}
	results, err := c.Start(t.Context(), "main")
	if err != nil || len(results) != 1 || results[0].Worker.State != report.Running {
		t.Fatalf("start: %v, %v", results, err)
	}
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(143)
}

func TestAMainWorkerThatDoesNotExistIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ ini, name, text string }{
		{sleeper, "slepper", `did you mean "sleeper"?`},
		{sleeper + "autostart = false\n", "sleeper", "the worker is not started automatically"},
	} {
		p := startProcess(t, newTestDirectory(t, c.ini), "up", "--main", c.name)
		if text := p.expectExit(2); !strings.Contains(text, c.text) {
			t.Errorf("stderr is %s", text)
		}
	}
}

func TestExitCodeOf(t *testing.T) {
	for _, c := range []struct {
		exit report.Exit
		code int
	}{
		{report.Exit{}, 0},
		{report.Exit{Class: report.ExitClean}, 0},
		{report.Exit{Class: report.ExitClean, Code: 2}, 2},
		{report.Exit{Class: report.ExitNonzero, Code: 255}, 255},
		{report.Exit{Class: report.ExitRequested, Code: -1, Signal: "TERM"}, 143},
		{report.Exit{Class: report.ExitOutOfMemory, Code: -1, Signal: "KILL"}, 137},
		{report.Exit{Class: report.ExitSpawnError, Code: -1}, 125},
		{report.Exit{Class: report.ExitUnknown, Code: -1}, 125},
	} {
		if got := exitCodeOf(c.exit); got != c.code {
			t.Errorf("%+v: %d, want %d", c.exit, got, c.code)
		}
	}
}
