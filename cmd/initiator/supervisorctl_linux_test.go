package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const bothRead = `[unix_http_server]
file=%(here)s/s.sock
[supervisorctl]
serverurl=unix://%(here)s/s.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisord]
nodaemon=true
logfile=%(here)s/supervisord.log
pidfile=%(here)s/supervisord.pid
childlogdir=%(here)s
[program:web]
command=/bin/sh -c "echo %(process_num)d web of many; echo oops >&2; exec sleep 1000"
process_name=%(program_name)s_%(process_num)02d
numprocs=2
priority=7
[program:beat]
command=sleep 1000
[program:worker]
command=sleep 1000
[group:back]
programs=worker,beat
priority=50
[program:rest]
command=sleep 1000
autostart=false
[program:once]
command=true
startsecs=0
autorestart=false
[program:a_name_that_is_longer_than_thirty_characters]
command=sleep 1000
[program:broken]
command=%(here)s/no/such/program
startretries=0
`

// sameAnswers are the commands that both programs get, in this order.
var sameAnswers = [][]string{
	{"status"},
	{"status", "back:*"},
	{"status", "web:web_01", "rest"},
	{"avail"},
	{"reread"},
	{"stop", "back:*"},
	{"status", "back:beat"},
	{"start", "back:*"},
	{"start", "back:*"},
	{"start", "rest"},
	{"start", "rest"},
	{"start", "back:beat", "rest"},
	{"restart", "web:web_01"},
	{"stop", "rest"},
	{"stop", "rest"},
	{"restart", "rest"},
	{"stop", "rest", "back:beat"},
	{"stop", "back:*"},
	{"restart", "back:*"},
	{"start", "back:*"},
	{"stop", "rest"},
	{"pid", "rest"},
	{"pid", "web:web_00"},
	{"pid", "all"},
	{"tail", "web:web_00"},
	{"tail", "-5", "web:web_00"},
	{"tail", "web:web_00", "stderr"},
	{"signal", "CONT", "rest"},
	{"clear", "web:web_00", "rest"},
	{"tail", "web:web_00"},
	{"clear", "all"},
	{"update"},
	{"status"},
}

// changingVerbs is what differs between any two runs, and the reason of a FATAL,
// which each says in its own words.
var changingVerbs = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`pid \d+, uptime \d:\d\d:\d\d`), "pid N, uptime T"},
	{regexp.MustCompile(`(?m)^[1-9]\d*$`), "N"},
	{regexp.MustCompile(`[A-Z][a-z][a-z] \d\d \d\d:\d\d [AP]M`), "DATE"},
	{regexp.MustCompile(`(?m)FATAL     .*$`), "FATAL"},
}

func comparableOutput(out []byte) string {
	text := strings.TrimSpace(string(out))
	for _, c := range changingVerbs {
		text = c.pattern.ReplaceAllString(text, c.instead)
	}
	return text
}

// newSupervisordDirectory makes a directory with the file.
func newSupervisordDirectory(t *testing.T) string {
	t.Helper()
	dir := newTestDirectory(t, sleeper)
	if err := os.WriteFile(filepath.Join(dir, "s.conf"), []byte(bothRead), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// runProgram runs one command, and returns its output and exit code.
func runProgram(dir, program string, words ...string) (string, int) {
	cmd := exec.Command(program, append([]string{"-c", "s.conf"}, words...)...)
	cmd.Dir = dir
	out, _ := cmd.Output() // its code is compared
	return comparableOutput(out), cmd.ProcessState.ExitCode()
}

// awaitSettled waits until no state changes any more.
func awaitSettled(t *testing.T, dir, program string) {
	t.Helper()
	err := waitUntil(program+" has settled", func(context.Context) bool {
		text, _ := runProgram(dir, program, "status")
		return strings.Count(text, "RUNNING") == 5 && strings.Contains(text, "FATAL") && strings.Contains(text, "EXITED")
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Debian's supervisorctl is the oracle of the answers.
func TestAnswersAreSupervisorctls(t *testing.T) {
	t.Parallel()
	daemon, err := exec.LookPath("supervisord")
	if err != nil {
		t.Skip("there is no supervisord: apt-get install supervisor")
	}
	theirs := newSupervisordDirectory(t)
	d := exec.Command(daemon, "-n", "-c", "s.conf")
	d.Dir = theirs
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = d.Process.Signal(syscall.SIGTERM) // it stops what it has started
		_ = d.Wait()
	}()
	ours := newSupervisordDirectory(t)
	p := startProcess(t, ours, "-c", "s.conf", "up")
	awaitSettled(t, ours, "initiator")
	awaitSettled(t, theirs, "supervisorctl")
	for _, words := range sameAnswers {
		want, wantCode := runProgram(theirs, "supervisorctl", words...)
		got, code := runProgram(ours, "initiator", words...)
		if sortedLines(got) != sortedLines(want) || code != wantCode {
			t.Errorf("%s: exit code %d, and supervisorctl's is %d;\n%s\n-- supervisorctl:\n%s", words, code, wantCode, got, want)
		}
		if words[0] == "status" && got != want {
			t.Errorf("%s: in another order:\n%s", words, got)
		}
	}
	p.sendSignal(syscall.SIGTERM)
	p.expectExit(0)
}

// sortedLines removes the order of the lines, in which both programs differ.
func sortedLines(text string) string {
	lines := strings.Split(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}
