package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// orderly writes a file when it is asked to stop. A KILL would not let it.
const orderly = "[worker:orderly]\ncontract = off\nready = line:up\n" +
	`command = sh -c "trap 'echo end >stopped; exit 0' TERM; echo up; while :; do sleep 1000 & wait; done"` + "\n"

// expectStopped checks that the worker of orderly was asked to stop, and that no
// process is left.
func expectStopped(t *testing.T, dir string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "stopped")); err != nil {
		t.Errorf("the worker was not asked to stop: %v", err)
	}
	if found := processesIn(dir); len(found) > 0 {
		t.Errorf("processes are left: %v", found)
	}
}

// QUIT ends as TERM does, also through process 1, and shows every goroutine.
func TestQuitEndsInOrder(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"up"}, {"up", "--init"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			dir := newTestDirectory(t, orderly)
			p := startProcess(t, dir, args...)
			p.awaitReady()
			p.sendSignal(syscall.SIGQUIT)
			if text := p.expectExit(0); !strings.Contains(text, "goroutines (SIGQUIT)") || !strings.Contains(text, "goroutine 1 [") {
				t.Errorf("the log has no goroutines:\n%s", text)
			}
			expectStopped(t, dir)
		})
	}
}

// A HUP that was ignored at the start stays ignored, also by process 1.
func TestHangupStaysIgnored(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"up", "up --init"} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			p := beginProcess(t, newTestDirectory(t, sleeper), exec.Command("sh", "-c", "trap '' HUP; exec initiator "+args))
			p.awaitReady()
			p.sendSignal(syscall.SIGHUP)
			p.sendSignal(syscall.SIGUSR2)
			p.awaitOutput("log files reopened")
			p.sendSignal(syscall.SIGTERM)
			if text := p.expectExit(0); strings.Contains(text, "SIGHUP") {
				t.Errorf("the log is\n%s", text)
			}
		})
	}
}

// A closed terminal ends `up` in order, also below process 1, which gets a HUP of
// its own.
func TestAClosedTerminalEndsInOrder(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"up"}, {"up", "--init"}} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			dir := newTestDirectory(t, orderly)
			cmd, person := startOnTerminal(t, dir, args...)
			screen := bufio.NewScanner(person) // in this goroutine: a read would delay the close
			for ready := false; !ready; {
				if !screen.Scan() {
					t.Fatalf("the terminal ended: %v", screen.Err())
				}
				ready = strings.Contains(screen.Text(), "all workers are ready")
			}
			person.Close()
			_ = cmd.Wait() // its output is gone, and its exit code may say so
			if !cmd.ProcessState.Exited() {
				t.Errorf("up: %v", cmd.ProcessState)
			}
			expectStopped(t, dir)
		})
	}
}

// A HUP reloads while the terminal is open.
func TestHangupOnAnOpenTerminalReloads(t *testing.T) {
	t.Parallel()
	cmd, lines := onTerminal(t, newTestDirectory(t, sleeper), 100, "up", "--loglevel", "info")
	awaitOnTerminal(t, lines, "all workers are ready")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	awaitOnTerminal(t, lines, "reloaded: changes=none")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitOnTerminal(t, lines, "ended")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
