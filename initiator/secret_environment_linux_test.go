package initiator_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"initiator/initiator/initiatortest"
	"initiator/initiator/report"
	"initiator/initiator/task"
	"initiator/internal/procfs"
)

// secretINI names the variables of TestSecretVariablesStayInTheInitiator. The first
// argument is a directory, the second another part of the callback_secret.
const secretINI = `
[secrets]
url = postgres://u:${env:TEST_NESTED}@h

[worker:adder]
command         = ${initiator:self} job sum
callback_secret = ${env:TEST_DIRECT} ${secrets:url} %[2]s
before_start    = sh -c 'env >%[1]s/before'
stop_command    = sh -c 'env >%[1]s/stop'

[worker:probed]
command    = sleep 1000
contract   = off
probe      = exec:sh -c 'env >%[1]s/new && mv %[1]s/new %[1]s/probe'
probe_span = 100ms

[worker:runner]
exec = env

[worker:asked]
command     = ${initiator:self} job sum
environment = MINE=${env:TEST_DIRECT}
`

// What a secret key names with ${env:X} is in the environment of the initiator, and
// of no other process but a worker that names it itself. Neither a reload nor an
// upgrade changes that.
func TestSecretVariablesStayInTheInitiator(t *testing.T) {
	for _, name := range []string{"DIRECT", "NESTED", "LATER"} {
		t.Setenv("TEST_"+name, "value-of-"+strings.ToLower(name))
	}
	dir := t.TempDir()
	d := newRestartHarness(t, fmt.Sprintf(secretINI, dir, "x"))
	d.startReady()
	c := d.newClient()
	defer c.Close()
	if own := procfs.ReadEnvironment(d.cmd.Process.Pid); !bytes.Contains(own, []byte("value-of-direct")) {
		t.Fatal("the test gives the initiator no secret")
	}
	await(t, "the probe", func() bool { _, err := os.Stat(filepath.Join(dir, "probe")); return err == nil })
	d.expectNoSecrets("value-of-direct", "value-of-nested")
	for _, file := range []string{"before", "probe"} {
		expectFileWithout(t, filepath.Join(dir, file), "value-of-")
	}
	got, err := c.Call(t.Context(), task.Request{Pool: "runner"})
	if text := string(got.Result); err != nil || !strings.Contains(text, "PATH=") || strings.Contains(text, "value-of-direct") || strings.Contains(text, "value-of-nested") {
		t.Errorf("an exec command has %d bytes, %v", len(text), err)
	}
	asked := workerNamed(t, d.listWorkers(), "asked")
	if got := procfs.EnvironValue(procfs.ReadEnvironment(asked.PID), "MINE"); got != "value-of-direct" {
		t.Errorf("the worker that names a variable has MINE=%s", got)
	}

	// A reload makes another variable secret.
	writeFile(t, d.ini, fmt.Sprintf(secretINI, dir, "${env:TEST_LATER}"))
	changes, err := c.Reload(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes.Workers {
		if change.Action != "restart" || !slices.Contains(change.Keys, "environment_inherit") {
			t.Errorf("the reload does %+v", change)
		}
	}
	before := d.listWorkers()
	for _, w := range before {
		expectEnvironmentWithout(t, w, "value-of-later")
	}
	status, err := c.Status(t.Context())
	if err != nil || len(status.Problems) != 1 || !strings.Contains(status.Problems[0].Reason, "TEST_LATER") {
		t.Errorf("the keeper was started with the variable, and the problems are %+v, %v", status.Problems, err)
	}

	// An upgrade, and then another keeper.
	d.upgradeTo("")
	d.expectSameWorkers(before)
	keeper := procfsParent(t, workerNamed(t, before, "adder").PID)
	if err := syscall.Kill(keeper, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for guid, was := range before {
		d.waitWorker(guid, func(w report.Worker) bool { return w.Ready && w.PID != was.PID })
	}
	d.expectNoSecrets("value-of-direct", "value-of-nested", "value-of-later")
	if status, err := c.Status(t.Context()); err != nil || len(status.Problems) != 0 {
		t.Errorf("the problems are %+v, %v", status.Problems, err)
	}
	d.stopProgram()
	expectFileWithout(t, filepath.Join(dir, "stop"), "value-of-")
}

// expectNoSecrets checks the keeper and all workers but the worker that asked for one.
func (d *restartHarness) expectNoSecrets(secrets ...string) {
	d.t.Helper()
	for _, w := range d.listWorkers() {
		for _, secret := range secrets {
			if w.Name != "asked" {
				expectEnvironmentWithout(d.t, w, secret)
			}
			keeper := procfs.ReadEnvironment(procfsParent(d.t, w.PID))
			if len(keeper) == 0 || bytes.Contains(keeper, []byte(secret)) {
				d.t.Errorf("the keeper has %s in its environment of %d bytes", secret, len(keeper))
			}
		}
	}
}

func expectEnvironmentWithout(t *testing.T, w report.Worker, secret string) {
	t.Helper()
	if text := procfs.ReadEnvironment(w.PID); len(text) == 0 || bytes.Contains(text, []byte(secret)) {
		t.Errorf("%s (pid %d) has %s in its environment of %d bytes", w.Name, w.PID, secret, len(text))
	}
}

func expectFileWithout(t *testing.T, path, secret string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil || !bytes.Contains(text, []byte("PATH=")) {
		t.Errorf("%s has %d bytes, %v", path, len(text), err)
	}
	text = bytes.ReplaceAll(text, []byte("TEST_LATER=value-of-later"), nil) // not secret at first
	if bytes.Contains(text, []byte(secret)) {
		t.Errorf("%s has %s", path, secret)
	}
}

func procfsParent(t *testing.T, pid int) int {
	t.Helper()
	p, ok := procfs.ReadStat(pid)
	if !ok {
		t.Fatalf("there is no process %d", pid)
	}
	return p.Parent
}

// environment_inherit selects what a worker inherits.
func TestEnvironmentInherit(t *testing.T) {
	t.Setenv("TEST_ONE", "1")
	t.Setenv("TEST_TWO", "2")
	in := initiatortest.StartText(t, `
[initiator]
environment_inherit = none

[worker:none]
command     = ${initiator:self} job sum
environment = MINE=3

[worker:some]
command             = ${initiator:self} job sum
environment_inherit = TEST_O*, HOME

[worker:whole]
command             = ${initiator:self} job sum
environment_inherit = all
`)
	ours := []string{"INITIATOR_FDS", "INITIATOR_GUID", "INITIATOR_INCARNATION", "INITIATOR_PORT", "INITIATOR_PROGRAM", "INITIATOR_STATE", "INITIATOR_URL", "PORT"}
	for name, want := range map[string][]string{
		"none": append([]string{"MINE"}, ours...),
		"some": append([]string{"HOME", "TEST_ONE"}, ours...),
	} {
		if got := variableNames(in.Worker(name).PID); fmt.Sprint(got) != fmt.Sprint(slices.Sorted(slices.Values(want))) {
			t.Errorf("%s has %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"PATH", "TEST_ONE", "TEST_TWO"} {
		if got := variableNames(in.Worker("whole").PID); !slices.Contains(got, name) {
			t.Errorf("whole has no %s: %v", name, got)
		}
	}
}

// variableNames returns the names of a process's environment, sorted.
func variableNames(pid int) (names []string) {
	for entry := range strings.SplitSeq(strings.TrimSuffix(string(procfs.ReadEnvironment(pid)), "\x00"), "\x00") {
		name, _, _ := strings.Cut(entry, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
