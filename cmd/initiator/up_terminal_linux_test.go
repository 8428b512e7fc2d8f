package main

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"

	"initiator/cmd/initiator/internal/cli"
	"initiator/cmd/initiator/internal/terminal"

	"golang.org/x/sys/unix"
)

// pseudoTerminal opens a terminal: the end of the person, and the end of the
// program.
func pseudoTerminal(t *testing.T, columns uint16) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	fd := int(person.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return person, program
}

// onTerminal starts the program with a terminal as stdout and stderr.
func onTerminal(t *testing.T, dir string, columns uint16, args ...string) (cmd *exec.Cmd, lines <-chan string) {
	t.Helper()
	person, program := pseudoTerminal(t, columns)
	cmd = exec.Command("initiator", args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, program, program, program
	cmd.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // of no effect once it has ended
	return cmd, linesOf(person)
}

// startOnTerminal starts the program in a session with a terminal of its own, which
// is returned.
func startOnTerminal(t *testing.T, dir string, args ...string) (cmd *exec.Cmd, person *os.File) {
	t.Helper()
	person, program := pseudoTerminal(t, 100)
	cmd = exec.Command("initiator", args...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close()
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // of no effect once it has ended
	return cmd, person
}

var escapeSequence = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]")

// withoutEscapes removes escape sequences from a line.
func withoutEscapes(line string) string {
	return strings.TrimRight(escapeSequence.ReplaceAllString(line, ""), "\r\n")
}

// awaitOnTerminal reads lines up to one that shows a text, and returns all of them.
func awaitOnTerminal(t *testing.T, lines <-chan string, text string) (all string) {
	t.Helper()
	return expectLine(t, text, lines, func(line string) bool { return strings.Contains(withoutEscapes(line), text) })
}

func TestUpOnATerminal(t *testing.T) {
	dir := newTestDirectory(t, "[worker:adder]\ncommand = ${initiator:self} job sum\nreplicas = 3\n")
	cmd, lines := onTerminal(t, dir, 100, "up")
	first := awaitOnTerminal(t, lines, "all workers are ready; Ctrl-C stops them")
	if !regexp.MustCompile(`adder [0-9a-f]{8} \x1b\[32mRUNNING `).MatchString(first) {
		t.Errorf("no green line for a worker:\n%q", first)
	}
	awaitOnTerminal(t, lines, "the API is at http://127.0.0.1:")
	// A worker that dies is a line of its own, and so is its return.
	client := (&testProcess{t: t, dir: dir}).newClient()
	list, err := client.Workers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(list[1].PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	awaitOnTerminal(t, lines, "BACKOFF   killed by SIGKILL")
	awaitOnTerminal(t, lines, "RUNNING   pid ")
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	awaitOnTerminal(t, lines, "stopping 3 workers, at most 40 s; Ctrl-C again kills them")
	if rest := awaitOnTerminal(t, lines, "ended"); strings.Contains(rest, "waits for \r") {
		t.Errorf("up shows no worker that it waits for:\n%q", rest)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// Lines about workers must not wrap: a wrapped line could not be redrawn.
func TestUpAtTwentyColumns(t *testing.T) {
	dir := newTestDirectory(t, "[worker:adder]\ncommand = ${initiator:self} job sum\nreplicas = 2\n[worker:gone]\ncommand = ./nowhere\nstartretries = 1\n")
	cmd, lines := onTerminal(t, dir, 20, "up")
	first := awaitOnTerminal(t, lines, "stops them")
	if !strings.Contains(first, "adder \x1b[32mRUNNING") || !strings.Contains(first, "says why and what\r") {
		t.Errorf("no states, or a sentence that is not folded:\n%q", first)
	}
	for line := range strings.Lines(first) {
		if text := withoutEscapes(line); strings.HasPrefix(text, "adder") || strings.HasPrefix(text, "gone") {
			if n := utf8.RuneCountInString(text); n > 20 {
				t.Errorf("%d columns: %q", n, text)
			}
		}
	}
	status, table := onTerminal(t, dir, 20, "status")
	shown := 0
	for line := range table {
		shown++
		if text := withoutEscapes(line); utf8.RuneCountInString(text) > 20 {
			t.Errorf("status: too wide: %q", text)
		}
	}
	if _ = status.Wait(); status.ProcessState.ExitCode() != cli.ExitNotRunning || shown < 4 {
		t.Errorf("status: %v, %d lines", status.ProcessState, shown)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	awaitOnTerminal(t, lines, "ended")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// With NO_COLOR no colours are written, and the token is not printed to a pipe.
func TestNoColour(t *testing.T) {
	dir := newTestDirectory(t, sleeper)
	up := startProcess(t, dir, "up")
	up.awaitReady()
	t.Setenv("NO_COLOR", "1")
	_, program := pseudoTerminal(t, 80)
	s := terminal.NewScreen(program)
	program.Close()
	if got := s.Paint(terminal.ColourBad, "FATAL"); !s.IsTerminal() || got != "FATAL" {
		t.Errorf("terminal %v, painted %q", s.IsTerminal(), got)
	}
	up.sendSignal(syscall.SIGTERM)
	if text := up.expectExit(0); strings.Contains(text, "token") || strings.Contains(text, "\x1b") {
		t.Errorf("stderr in a pipe has\n%s", text)
	}
}
