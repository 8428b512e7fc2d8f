package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"initiator/initiator/report"
)

var (
	goTypes     = regexp.MustCompile(`json: |Go value|Go struct|strconv\.|\*[a-z]+\.[A-Z]|%!`)
	wholeGUID   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	quotedKey   = regexp.MustCompile(`\(([a-z_]+) = ([^)]*)\)`)
	wordsOfNone = regexp.MustCompile(`started again in|could not be started|one that|whoever|[Ff]ailed to|somebody`)
)

// checkMessage fails when a message breaks a rule that holds for all messages. ini
// is the file of the person who reads it.
func checkMessage(t *testing.T, line, ini string) {
	t.Helper()
	if found := goTypes.FindString(line); found != "" {
		t.Errorf("a message has a word of Go, %q: %s", found, line)
	}
	if wholeGUID.MatchString(line) && !strings.Contains(line, "worker=") {
		t.Errorf("a message has a guid without a name: %s", line)
	}
	parts := strings.Split(line, ": ")
	for i := range parts[1:] {
		if last := parts[i][strings.LastIndexAny(parts[i], ";(\"")+1:]; strings.TrimSpace(last) != "" && strings.TrimSpace(last) == parts[i+1] {
			t.Errorf("a message has a prefix twice, %q: %s", last, line)
		}
	}
	for _, m := range quotedKey.FindAllStringSubmatch(line, -1) {
		if !regexp.MustCompile(`(?m)^` + m[1] + ` *= ` + regexp.QuoteMeta(m[2]) + `$`).MatchString(ini) {
			t.Errorf("the file does not say %s: %s", m[0], line)
		}
	}
	if found := wordsOfNone.FindString(line); found != "" {
		t.Errorf("a message has the words %q: %s", found, line)
	}
}

// checkWords fails when a message lacks a word.
func checkWords(t *testing.T, about, text string, words []string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s: %q is not said:\n%s", about, word, text)
		}
	}
}

// verbOutput runs a verb in a directory and returns all that it prints.
func verbOutput(dir string, args ...string) string {
	cmd := exec.Command("initiator", args...)
	cmd.Dir = dir
	text, _ := cmd.CombinedOutput() // the exit code is tested elsewhere
	return string(text)
}

// unusedPort returns a port on which no program listens.
func unusedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// writeFaultyFiles writes the files that check reads, and returns their texts.
func writeFaultyFiles(t *testing.T, dir string) (all string) {
	t.Helper()
	bad := ""
	for _, row := range catalogueOfFaults {
		bad += row.line + "\n"
	}
	for name, text := range map[string]string{
		"bad.ini":          bad,
		"references.ini":   "[worker:one]\ncommand = true\nafter = nobody:ready\n[schedule:two]\nevery = 10s\n",
		"supervisord.conf": "[supervisord]\n[program:one]\ncommand = true\nautorestart = perhaps\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		all += text
	}
	return all
}

// TestCatalogue induces failures and reads every message about them: of up, status,
// why, check and the verbs.
func TestCatalogue(t *testing.T) {
	t.Parallel()
	ini := strings.ReplaceAll(failingWorkers, "PORT", unusedPort(t))
	dir := newTestDirectory(t, ini)
	bad := writeFaultyFiles(t, dir)
	up := startProcess(t, dir, "up")
	up.awaitOutput("not ready: ")
	c := up.newClient()
	if err := waitUntil("every worker has failed", func(ctx context.Context) bool {
		list, err := c.Workers(ctx)
		failed := 0
		for _, w := range list {
			if w.LastExit.Class != "" && (w.Name != "missing" && w.Name != "plainfile" && w.Name != "nodir" || w.State == report.Fatal) {
				failed++
			}
		}
		return err == nil && failed == len(catalogueOfWorkers)-1 // depends never starts
	}); err != nil {
		t.Fatal(err)
	}
	readWorkers(t, dir, ini)
	for _, row := range catalogueOfVerbs {
		text := verbOutput(dir, strings.Fields(row.line)...)
		for line := range strings.Lines(text) {
			checkMessage(t, strings.TrimSpace(line), ini+bad)
		}
		checkWords(t, row.line, text, row.words)
	}
	readFaults(t, verbOutput(dir, "check", "-c", "bad.ini"))
	verbOutput(dir, "shutdown")
	for line := range strings.Lines(up.expectExit(0)) {
		checkMessage(t, strings.TrimSpace(line), ini)
	}
}

// readWorkers reads what status and why say about each failing worker.
func readWorkers(t *testing.T, dir, ini string) {
	t.Helper()
	for line := range strings.Lines(verbOutput(dir, "status")) {
		checkMessage(t, strings.TrimSpace(line), ini)
	}
	answers := map[string]string{}
	name := ""
	for line := range strings.Lines(verbOutput(dir, "why", "all")) {
		if first, _, ok := strings.Cut(line, " ("); ok && catalogueOfWorkers[first] != nil {
			name = first
		}
		answers[name] += line
		checkMessage(t, strings.TrimSpace(line), ini)
	}
	for name, words := range catalogueOfWorkers {
		checkWords(t, "why "+name, answers[name], words)
	}
}

// readFaults reads the lines of check about the faulty INI.
func readFaults(t *testing.T, text string) {
	t.Helper()
	for i, row := range catalogueOfFaults {
		said := ""
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "bad.ini:"+strconv.Itoa(i+1)+": ") {
				said += line
			}
		}
		checkWords(t, row.line, said, row.words)
	}
}
