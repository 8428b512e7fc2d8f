package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"initiator/cmd/initiator/internal/cli"
	"initiator/initiator/client"
)

// testCommand is the one command of the README that is not executed here: it
// would run this test again. CI runs it, and nothing else before it.
const testCommand = "go test ./..."

const root = "../.."

// TestREADME does what the README tells its reader to do, in a copy of the
// repository, from the first line to the last, and compares what stands there.
func TestREADME(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	dir := cloneRepository(t)
	shell := newShell(t, dir)
	defer shell.endShell(dir)
	executed := 0
	for _, b := range codeBlocks(string(text)) {
		switch b.kind {
		case "console":
			for _, step := range commandSteps(b.text) {
				executed++
				if step.command != testCommand && isInstalled(t, step.command) {
					shell.expectStep(step)
				}
			}
		case "console up":
			shell.startUp(commandSteps(b.text)[0].command, dir)
			executed++
		case "go", "ini":
			name := b.fileName()
			if name == "" {
				t.Fatalf("a block of the README does not name its file:\n%s", b.text)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if executed < 5 {
		t.Fatalf("found %d commands in the README: it is not read as it was meant", executed)
	}
}

// isInstalled says whether the interpreter is there that a command of the README
// asks for. The project itself needs only Go.
func isInstalled(t *testing.T, command string) bool {
	for pool, program := range map[string]string{" python ": "python3", " node ": "node"} {
		if _, err := exec.LookPath(program); strings.Contains(command, pool) && err != nil {
			t.Logf("not executed, because there is no %s: %s", program, command)
			return false
		}
	}
	return true
}

// TestCIRunsTheCommandOfTheREADME keeps the two from parting.
func TestCIRunsTheCommandOfTheREADME(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(root, ".ci/run"))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no .ci/run: this is a copy without it")
	}
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^step test ` + regexp.QuoteMeta(testCommand) + `$`).Match(script) {
		t.Errorf(".ci/run has no step that is just %q", testCommand)
	}
}

// TestREADMENamesFilesThatExist follows its links.
func TestREADMENamesFilesThatExist(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(string(text), -1) {
		if _, err := os.Stat(filepath.Join(root, link[1])); err != nil {
			t.Errorf("a link of the README leads nowhere: %v", err)
		}
	}
}

type block struct{ kind, text string }

// codeBlocks are the fenced parts of a Markdown text.
func codeBlocks(text string) (found []block) {
	for _, m := range regexp.MustCompile("(?ms)^```([\\w ]*)\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
		found = append(found, block{m[1], m[2]})
	}
	return found
}

// fileName is what the first line's comment says.
func (b block) fileName() string {
	first, _, _ := strings.Cut(b.text, "\n")
	fields := strings.Fields(first)
	if len(fields) != 2 || fields[0] != "//" && fields[0] != "#" {
		return ""
	}
	return fields[1]
}

// step is a command and the standard output that is shown beneath it.
type step struct{ command, output string }

func commandSteps(text string) (list []step) {
	for _, line := range strings.SplitAfter(text, "\n") {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			list = append(list, step{command: strings.TrimSpace(command)})
		} else if len(list) > 0 {
			list[len(list)-1].output += line
		}
	}
	return list
}

// cloneRepository copies what a fresh clone of the repository has of Go, INI and workers.
func cloneRepository(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := e.Name()
		if e.IsDir() && (name == "tools" || len(name) > 2 && strings.HasPrefix(name, ".")) {
			return filepath.SkipDir
		}
		wanted := map[string]bool{".go": true, ".ini": true, ".py": true, ".mjs": true, ".mod": true, ".sum": true}
		if e.IsDir() || !wanted[filepath.Ext(name)] || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return copyFile(path, filepath.Join(dir, rel))
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// shell is one sh for all commands, as the reader has one.
type shell struct {
	t     *testing.T
	cmd   *exec.Cmd
	in    *os.File
	lines <-chan string
	err   string // the file that has its standard error
	stop  context.CancelFunc
}

// endOfStep is what the shell prints after each command.
const endOfStep = "=== end of step"

func newShell(t *testing.T, dir string) *shell {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	s := &shell{t: t, cmd: exec.CommandContext(ctx, "sh"), stop: stop, err: filepath.Join(t.TempDir(), "stderr")}
	s.cmd.Dir = dir
	// With -trimpath the copy's packages are those of the last copy, so
	// that only the first run has to compile them. Programs without debugging
	// information are linked in half the time. `go tool` knows no -trimpath: it
	// would compile the whole program in each copy.
	s.cmd.Env = append(os.Environ(), "GOFLAGS=-trimpath -buildvcs=false -ldflags=-s", "PWD="+dir)
	stdin, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	out, stdout, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdout.Close()
	stderr, err := os.Create(s.err)
	if err != nil {
		t.Fatal(err)
	}
	defer stderr.Close()
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = stdin, stdout, stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.in, s.lines = in, linesOf(out)
	return s
}

// endShell waits until the shell and all that it has started have gone.
func (s *shell) endShell(dir string) {
	defer s.stop()
	s.in.Close()
	for line := range s.lines {
		s.t.Errorf("printed after the last command: %s", line)
	}
	if err := s.cmd.Wait(); err != nil {
		s.t.Errorf("the shell: %v", err)
	}
	if found := processesIn(dir); len(found) > 0 {
		s.t.Errorf("processes are left: %v", found)
	}
}

// expectStep runs one command.
func (s *shell) expectStep(want step) {
	s.t.Helper()
	if _, err := s.in.WriteString(want.command + "\necho '" + endOfStep + "'\n"); err != nil {
		s.t.Fatal(err)
	}
	got := ""
	for line := range s.lines {
		if line != endOfStep+"\n" {
			got += line
			continue
		}
		if got != want.output {
			s.t.Errorf("$ %s\nprints\n%s\nand the README shows\n%s\nstderr so far:\n%s", want.command, got, want.output, s.takeStderr())
		}
		return
	}
	s.t.Fatalf("$ %s\nended the shell; stderr:\n%s", want.command, s.takeStderr())
}

// startUp runs a command that stays, as in another terminal, and waits until its
// workers are ready.
func (s *shell) startUp(command, dir string) {
	s.t.Helper()
	s.expectStep(step{command: command + " &"})
	c := client.New(filepath.Join(dir, ".initiator", "initiator.sock"))
	defer c.Close()
	err := waitUntil(command, func(ctx context.Context) bool {
		list, err := c.Workers(ctx)
		return err == nil && len(list) > 0 && statusCode(list) == cli.ExitOK
	})
	if err != nil {
		s.t.Fatalf("%v; stderr:\n%s", err, s.takeStderr())
	}
}

func (s *shell) takeStderr() string {
	text, err := os.ReadFile(s.err)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
