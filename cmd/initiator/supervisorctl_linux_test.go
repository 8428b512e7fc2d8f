package main

import (
	"context"
	"encoding/json"
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

func comparableOutput(out string) string {
	text := strings.TrimSpace(out)
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

// answer is the output and the exit code of a command.
type answer struct {
	Output string `json:"output"`
	Code   int    `json:"code"`
}

// runInitiator returns a function that runs this program in the directory.
func runInitiator(dir string) func(words ...string) answer {
	return func(words ...string) answer {
		cmd := exec.Command("initiator", append([]string{"-c", "s.conf"}, words...)...)
		cmd.Dir = dir
		out, _ := cmd.Output() // its code is compared
		return answer{comparableOutput(string(out)), cmd.ProcessState.ExitCode()}
	}
}

// debianPython is the interpreter that Debian's package installs its module for.
const debianPython = "/usr/bin/python3"

// startSupervisorctl returns a function that runs supervisorctl in the
// directory, always in the same process.
func startSupervisorctl(t *testing.T, dir string) func(words ...string) answer {
	t.Helper()
	script, err := filepath.Abs("testdata/supervisorctl.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(debianPython, script)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("supervisorctl.py: %v", err)
		}
	})
	ask, read := json.NewEncoder(in), json.NewDecoder(out)
	return func(words ...string) (got answer) {
		if err := ask.Encode(append([]string{"-c", "s.conf"}, words...)); err != nil {
			t.Errorf("supervisorctl %s: %v", words, err)
		}
		if err := read.Decode(&got); err != nil {
			t.Errorf("supervisorctl %s: %v", words, err)
		}
		got.Output = comparableOutput(got.Output)
		return got
	}
}

// answerAll waits until no state changes any more, and returns the answers to
// sameAnswers.
func answerAll(t *testing.T, run func(words ...string) answer) (answers []answer) {
	err := waitUntil("no state changes", func(context.Context) bool {
		text := run("status").Output
		return strings.Count(text, "RUNNING") == 5 && strings.Contains(text, "FATAL") && strings.Contains(text, "EXITED")
	})
	if err != nil {
		t.Error(err)
	}
	for _, words := range sameAnswers {
		answers = append(answers, run(words...))
	}
	return answers
}

// Debian's supervisorctl is the oracle of the answers. Both programs are asked
// at the same time, because each start takes both a second.
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
	wanted := make(chan []answer)
	runTheirs := startSupervisorctl(t, theirs)
	go func() { wanted <- answerAll(t, runTheirs) }()
	answers := answerAll(t, runInitiator(ours))
	for i, want := range <-wanted {
		words, got := sameAnswers[i], answers[i]
		if sortedLines(got.Output) != sortedLines(want.Output) || got.Code != want.Code {
			t.Errorf("%s: exit code %d, and supervisorctl's is %d;\n%s\n-- supervisorctl:\n%s", words, got.Code, want.Code, got.Output, want.Output)
		}
		if words[0] == "status" && got != want {
			t.Errorf("%s: in another order:\n%s", words, got.Output)
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
