package main

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"initiator/cmd/initiator/internal/cli"
)

// TestJSONIsAsDocumented runs every verb that the page names, and compares the
// top-level names of its JSON with the page.
func TestJSONIsAsDocumented(t *testing.T) {
	documented := jsonPage(t)
	dir := newTestDirectory(t, `
[worker:adder]
command = ${initiator:self} job sum

[worker:plain]
command   = sh -c 'echo up; exec sleep 1000'
contract  = off
ready     = line:^up$$
`)
	up := startProcess(t, dir, "up")
	up.awaitReady()
	id := strings.TrimSpace(string(outputOf(t, dir, "task", "submit", "adder", `{"a":1,"b":2}`)))
	for _, line := range []string{
		"status", "stop plain", "start plain", "restart plain", "scale adder 1", "why plain", "events", "logs plain", "tail plain",
		"check", "keys", "plan", "reload", "pause adder", "resume adder", "signal CONT plain", "launch adder", "avail", "pid", "version",
		"task list", `run -q adder {"a":1,"b":2}`, `task submit adder {"a":1,"b":2}`, "task wait " + id, "task get " + id,
	} {
		args := strings.Fields(line)
		verb := args[0]
		if verb == "task" {
			verb = "task " + args[1]
		}
		names, ok := documented[verb]
		if !ok {
			t.Errorf("docs/json.md says nothing of %s", verb)
			continue
		}
		lines := bufio.NewScanner(strings.NewReader(string(outputOf(t, dir, append(args, "-o", "json")...))))
		lines.Buffer(nil, 1<<20)
		printedLines := 0
		for lines.Scan() {
			printedLines++
			names.match(t, verb, lines.Bytes())
		}
		if printedLines == 0 {
			t.Errorf("%s printed nothing", verb)
		}
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}

// A signal is the normal end of events -f and logs -f: nothing is printed.
func TestASignalEndsFollowingQuietly(t *testing.T) {
	dir := newTestDirectory(t, sleeper)
	up := startProcess(t, dir, "up")
	up.awaitReady()
	for _, args := range [][]string{{"events", "-f"}, {"logs", "-f", "all"}} {
		p := &testProcess{t: t, dir: dir, cmd: exec.Command("initiator", args...)}
		p.cmd.Dir = dir
		events, err := p.cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		text := new(strings.Builder)
		p.cmd.Stderr = text
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := linesOf(events)
		awaitLine(t, lines, "") // it follows
		p.sendSignal(syscall.SIGINT)
		for range lines {
		}
		_ = p.cmd.Wait() // its code is looked at below
		if code := p.cmd.ProcessState.ExitCode(); code != cli.ExitSignalBase+int(syscall.SIGINT) || text.String() != "" {
			t.Errorf("%v: exit code %d, %q", args, code, text)
		}
	}
	up.sendSignal(syscall.SIGTERM)
	up.expectExit(0)
}

func outputOf(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("initiator", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// topNames are the top-level names of a document: the names it always has, and
// all names it may have.
type topNames struct{ always, all []string }

func (n topNames) match(t *testing.T, verb string, line []byte) {
	t.Helper()
	var document map[string]json.RawMessage
	if err := json.Unmarshal(line, &document); err != nil {
		t.Errorf("%s: %v: %s", verb, err, line)
		return
	}
	for _, name := range n.always {
		if _, ok := document[name]; !ok {
			t.Errorf("%s: no %q in %s", verb, name, line)
		}
	}
	for name := range document {
		if !slices.Contains(n.all, name) {
			t.Errorf("%s: docs/json.md does not name %q", verb, name)
		}
	}
}

// jsonPage reads the table: the first code span of the second column is what a
// document always has; what follows "and" or "or" it may have.
func jsonPage(t *testing.T) map[string]topNames {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/json.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := map[string]topNames{}
	code := regexp.MustCompile("`([^`]+)`")
	for _, row := range regexp.MustCompile("(?m)^\\| (`.*?) \\| (.*) \\|$").FindAllStringSubmatch(string(text), -1) {
		var names topNames
		for i, span := range code.FindAllStringSubmatch(row[2], -1) {
			if words := strings.Fields(span[1]); i == 0 {
				names.always, names.all = words, words
			} else {
				names.all = append(slices.Clip(names.all), words...)
			}
		}
		for _, verb := range code.FindAllStringSubmatch(row[1], -1) {
			page[verb[1]] = names
		}
	}
	return page
}
