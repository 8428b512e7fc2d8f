package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"initiator/initiator/task"
)

// hostile sets the title of a terminal, clears it, turns text around, goes back to
// the start of the line, and begins a line like a record of the log. It is one line
// and its colour has no end.
const hostile = "\x1b]0;title\x07\x1b[2J\u009b2J\u202eevil\u2028\u2069\x7f\xff\r2026-01-01T00:00:00.000Z [ERROR] initiator: forged \x1b[31mred"

// forgedRecord begins like a record of the log.
const forgedRecord = "2026-01-01T00:00:00.000Z [ERROR]"

const hostileINI = `
[worker:failing]
exec = sh hostile.sh

[worker:dying]
command      = sh hostile.sh
contract     = off
autorestart  = false
startsecs    = 0

[worker:answering]
exec = cat
`

// newHostileDirectory makes a directory in which hostile.sh prints hostile and fails.
func newHostileDirectory(t *testing.T, ini string) string {
	t.Helper()
	dir := newTestDirectory(t, ini)
	for name, text := range map[string]string{"hostile.txt": hostile + "\n", "hostile.sh": "cat hostile.txt >&2\ncat hostile.txt\nexit 3\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// showOnTerminal runs a verb with a terminal as its output, and returns what the
// terminal got.
func showOnTerminal(t *testing.T, dir string, args ...string) string {
	t.Helper()
	_, lines := onTerminal(t, dir, 400, args...)
	var all strings.Builder
	for line := range lines {
		all.WriteString(line)
	}
	return all.String()
}

var (
	colourSequence = regexp.MustCompile("\x1b\\[[0-9;]*m")
	// ownSequence matches how this program itself steers a terminal.
	ownSequence = regexp.MustCompile("\r\x1b\\[K|\r\x1b\\[[0-9]+A\x1b\\[J|\x1b\\[\\?25[lh]")
)

// expectHarmless checks that a text cannot steer a terminal.
func expectHarmless(t *testing.T, what, text string, colours bool) {
	t.Helper()
	rest := strings.ReplaceAll(ownSequence.ReplaceAllString(text, ""), "\r\n", "\n")
	if !colours && strings.Contains(rest, "\x1b[31mred") {
		t.Errorf("%s: shows a colour of a worker:\n%q", what, text)
	}
	for line := range strings.Lines(rest) {
		if got := colourSequence.FindAllString(line, -1); len(got) > 0 && got[len(got)-1] != "\x1b[0m" {
			t.Errorf("%s: a colour does not end with its line:\n%q", what, line)
		}
	}
	rest = colourSequence.ReplaceAllString(rest, "")
	for _, r := range rest {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' {
			t.Errorf("%s: shows %U:\n%q", what, r, text)
			return
		}
	}
	if !utf8.ValidString(rest) {
		t.Errorf("%s: shows bytes that are not UTF-8:\n%q", what, text)
	}
}

// No verb lets the text of workers, tasks and files steer a terminal. Only the output
// of workers keeps its colours, until the end of the line.
func TestHostileTextOnATerminal(t *testing.T) {
	dir := newHostileDirectory(t, hostileINI)
	up := startProcess(t, dir, "up")
	up.awaitOutput("worker EXITED: worker=dying")
	c := up.newClient()
	failed, err := c.Submit(t.Context(), task.Request{Pool: "failing", Data: []byte(`"` + "\u009b2J\u202eevil\u2028\u2069\x7f" + `"`)})
	if err != nil {
		t.Fatal(err)
	}
	if failed, err = c.Wait(t.Context(), failed.ID); !errors.As(err, new(*task.FailedError)) || failed.State != task.Failed {
		t.Fatalf("%+v, %v", failed, err)
	}
	bad := filepath.Join(dir, "bad.ini")
	if err := os.WriteFile(bad, []byte("[worker:w]\ncommand = true\nready = "+strings.ReplaceAll(hostile, "\r", "")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	id := failed.ID.String()
	for _, v := range []struct {
		verb    string
		colours bool
	}{
		{"status", false},
		{"status -o json", false},
		{"status -o supervisor", false},
		{"why dying", false},
		{"why failing", false},
		{"events", false},
		{"task list", false},
		{"task list -o json", false},
		{"task get " + id, false},
		{"task get -o json " + id, false},
		{"task wait " + id, false},
		{"task export", false},
		{"task cancel " + id, false},
		{"run -f failing 1", true},
		{"run answering \"\u009b2J\u202eevil\u2028\u2069\x7f\"", false},
		{"run " + strings.ReplaceAll(hostile, " ", ""), false},
		{"check -c " + bad, false},
		{"logs dying failing", true},
		{"logs -o json dying failing", false},
		{"tail dying stderr", true},
		{"tail -f --help", false},
	} {
		args := strings.Split(v.verb, " ")
		expectHarmless(t, v.verb, showOnTerminal(t, dir, args...), v.colours)
	}
	cmd := exec.Command("initiator", "logs", "dying")
	cmd.Dir = dir
	if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), hostile) {
		t.Errorf("logs to a pipe: %v, %q; want the bytes of the worker", err, out)
	}
	if got := showOnTerminal(t, dir, "logs", "dying"); !strings.Contains(got, `\x1b]0;title\x07\x1b[2J\u009b2J\u202eevil\u2028\u2069\u007f\xff\r`+forgedRecord+" initiator: forged \x1b[31mred\x1b[0m\r\n") {
		t.Errorf("logs on a terminal: %q", got)
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}

const hostileRelayINI = `
[worker:dying]
command        = sh hostile.sh
contract       = off
autorestart    = false
startsecs      = 0
stdout_logfile = -
stderr_logfile = -
`

// up on a terminal escapes the output of workers that it shows.
func TestHostileOutputOfUpOnATerminal(t *testing.T) {
	dir := newHostileDirectory(t, hostileRelayINI)
	cmd, lines := onTerminal(t, dir, 400, "up")
	text := awaitOnTerminal(t, lines, "forged") + awaitOnTerminal(t, lines, "forged") // of stdout and of stderr
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	text += awaitOnTerminal(t, lines, "ended")
	expectHarmless(t, "up", text, true)
	if !strings.Contains(text, `\x1b]0;title\x07\x1b[2J\u009b2J\u202eevil\u2028\u2069\u007f\xff\r`) {
		t.Errorf("the output of the worker is missing:\n%q", text)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// A line of a worker that has a level is a record of the initiator's log. Nothing in
// it begins a line like a record.
func TestForgedLogRecord(t *testing.T) {
	ini := "[worker:logging]\ncommand = sh -c 'cat log.json >&2; exec sleep 3600'\ncontract = off\nready = alive\nlog_parse = json\n"
	for name, record := range map[string]string{
		"message": `{"@level":"error","@message":"one\n` + forgedRecord + ` two\u001b[2J\u2028"}`,
		"name":    `{"@level":"error","@message":"one","k\n` + forgedRecord + `\u001b[2J":"two"}`,
		"value":   `{"@level":"error","@message":"one","k":"\n` + forgedRecord + `\u001b[2Jtwo"}`,
		"values":  `{"@level":"error","@message":"one","k":["\u001b[2J","\r` + forgedRecord + `two"]}`,
		"bytes":   `{"level":"error","msg":"one` + "\x1b[2J\u2028\r" + forgedRecord + `two"}`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := newTestDirectory(t, ini)
			if err := os.WriteFile(filepath.Join(dir, "log.json"), []byte(record+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			up := startProcess(t, dir, "up", "--loglevel", "debug")
			up.awaitOutput("one")
			up.sendSignal(syscall.SIGTERM)
			text := up.expectExit(0)
			if !strings.Contains(text, forgedRecord) {
				t.Errorf("the record of the worker is not in the log:\n%s", text)
			}
			for line := range strings.Lines(text) {
				if strings.HasPrefix(line, forgedRecord) || strings.ContainsAny(line, "\x1b\r\u2028") {
					t.Errorf("%q is forged", line)
				}
			}
		})
	}
}
