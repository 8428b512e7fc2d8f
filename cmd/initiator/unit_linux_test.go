package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"initiator/proactor"
)

const unitDir = "../../deploy"

// readUnit reads a unit file of deploy/ as an INI.
func readUnit(t *testing.T, name string) (text string, cfg *proactor.Config) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(unitDir, name))
	if err != nil {
		t.Fatal(err)
	}
	// A key may be given twice, which is an error in an INI; the first counts.
	text = string(b)
	var lines []string
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		key, _, valued := strings.Cut(line, "=")
		if valued && line[0] != '#' && seen[key] {
			continue
		}
		seen[key] = valued
		lines = append(lines, strings.ReplaceAll(line, "$", "$$"))
	}
	cfg, err = proactor.ParseConfig(name, []byte(strings.Join(lines, "")))
	if err != nil {
		t.Fatal(err)
	}
	return text, cfg
}

// systemd-analyze finds no fault in the units.
func TestUnitsAreGood(t *testing.T) {
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze: apt-get install systemd")
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "initiator")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, name := range []string{"initiator.service", "initiator.socket"} {
		text, _ := readUnit(t, name)
		path := filepath.Join(dir, name)
		// It must be there to be verified.
		text = strings.ReplaceAll(text, "/usr/local/bin/initiator", program)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	out, err := exec.Command(verify, append([]string{"verify", "--man=no"}, paths...)...).CombinedOutput()
	if err != nil || strings.Contains(string(out), "initiator.s") {
		t.Errorf("%v:\n%s", err, out)
	}
}

// The commands of the unit are verbs of the program: start, reload and stop.
func TestTheCommandsOfUnitsExist(t *testing.T) {
	_, cfg := readUnit(t, "initiator.service")
	get := func(key string) string {
		value, _, err := cfg.Get("Service", key)
		if err != nil || value == "" {
			t.Fatalf("%s: %q, %v", key, value, err)
		}
		return value
	}
	dir := newTestDirectory(t, sleeper)
	c := listenAsSystemd(t, dir)
	t.Setenv("WATCHDOG_USEC", "60000000")
	argv := strings.Fields(strings.ReplaceAll(get("ExecStart"), "/etc/initiator/", dir+"/"))
	if argv[0] != "/usr/local/bin/initiator" || get("Type") != "notify" {
		t.Errorf("ExecStart=%s of Type=%s", argv, get("Type"))
	}
	p := startProcess(t, dir, argv[1:]...)
	awaitMessage(t, c, "READY=1")
	if reload := get("ExecReload"); reload != "/bin/kill -HUP $MAINPID" {
		t.Errorf("ExecReload=%s", reload)
	}
	p.sendSignal(syscall.SIGHUP)
	awaitMessage(t, c, "RELOADING=1")
	awaitMessage(t, c, "READY=1")
	p.sendSignal(syscall.SIGTERM) // KillSignal= by default
	p.expectExit(0)
	bad := startProcess(t, newTestDirectory(t, "[worker:x]\nfoo = 1\n"), "up")
	bad.expectExit(2)
	if get("RestartPreventExitStatus") != "2" {
		t.Error("a bad INI would be tried again and again")
	}
}
