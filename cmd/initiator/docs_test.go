package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"initiator/initiator/client"
	"initiator/initiator/report"
	"initiator/internal/loopback/loopbacktest"
)

// docPorts are the ports that the pages name. Each is replaced by a free port.
var docPorts = regexp.MustCompile(`\b(2998|7235|7236|7301|8080)\b`)

// TestDocs follows each page in docs/ in a directory of its own, and compares
// the output: blocks that name their file are written, "console" blocks are
// run, "console up" and "console alone" blocks keep running beside them. A "sh"
// block would be an untested command. testdata/standin has the packages that
// programs of others import.
func TestDocs(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatal(pages, err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\n```sh\n") {
			t.Errorf("%s: write ```console, so that it is executed", page)
		}
		if strings.Contains(string(text), "\n```console\n") {
			t.Run(strings.TrimSuffix(filepath.Base(page), ".md"), func(t *testing.T) { followPage(t, string(text)) })
		}
	}
}

// followPage follows one page.
func followPage(t *testing.T, text string) {
	for _, program := range []string{"python3", "curl"} {
		if _, err := exec.LookPath(program); strings.Contains(text, "$ "+program+" ") && err != nil {
			t.Skipf("the page is not tried, because there is no %s", program)
		}
	}
	if _, err := exec.LookPath("python3"); strings.Contains(text, "\n```python\n# ") && err != nil {
		t.Skip("the page is not tried, because there is no python3")
	}
	dir := t.TempDir()
	shell := newShell(t, dir)
	defer shell.endShell(dir)
	defer func() { // so that a page which fails in its middle ends
		c := client.New(filepath.Join(dir, ".initiator", "initiator.sock"))
		defer c.Close()
		_ = c.Shutdown(context.Background(), true) // mostly it has
	}()
	shell.expectStep(step{command: programDirectory(t)})
	ports := map[string]string{}
	text = docPorts.ReplaceAllStringFunc(text, func(port string) string {
		if ports[port] == "" {
			ports[port] = strconv.Itoa(loopbacktest.FreePort(t))
		}
		return ports[port]
	})
	for _, b := range codeBlocks(text) {
		switch name := b.fileName(); {
		case b.kind == "console":
			for _, step := range commandSteps(b.text) {
				shell.expectStep(step)
			}
		case b.kind == "console up":
			shell.expectStep(step{command: commandSteps(b.text)[0].command + " &"})
			shell.awaitInitiator(dir)
		case b.kind == "console alone":
			shell.expectStep(step{command: commandSteps(b.text)[0].command + " & alone=$!"})
			if err := awaitListening("127.0.0.1:" + ports["7236"]); err != nil {
				t.Fatal(err)
			}
			shell.expectStep(step{command: "kill $alone; wait $alone"})
		case name != "":
			if err := os.WriteFile(filepath.Join(dir, name), []byte(b.text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// programDirectory is a command after which the shell finds initiator, and Python
// what the pages import.
func programDirectory(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "initiator")); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, dir := range []string{"testdata/standin", root + "/initiator/testdata/proactor"} {
		path, err := filepath.Abs(dir)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return fmt.Sprintf("export PATH='%s':\"$PATH\" PYTHONPATH='%s' PYTHONDONTWRITEBYTECODE=1", bin, strings.Join(paths, ":"))
}

// awaitInitiator waits until the initiator of a page answers and has its workers.
func (s *shell) awaitInitiator(dir string) {
	s.t.Helper()
	c := client.New(filepath.Join(dir, ".initiator", "initiator.sock"))
	defer c.Close()
	err := waitUntil("up", func(ctx context.Context) bool {
		list, err := c.Workers(ctx)
		return err == nil && !slices.ContainsFunc(list, func(w report.Worker) bool { return !w.Ready })
	})
	if err != nil {
		s.t.Fatalf("%v; stderr:\n%s", err, s.takeStderr())
	}
}
