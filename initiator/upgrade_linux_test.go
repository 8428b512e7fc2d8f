package initiator_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/initiator/report"
)

// linkTestBinary returns a path of the test binary under another name.
func linkTestBinary(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(self, path); err == nil {
		return path
	}
	from, err := os.Open(self)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = io.Copy(to, from); err == nil {
		err = to.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// upgradeTo upgrades to another program and waits until it is ready.
func (d *restartHarness) upgradeTo(binary string) report.Status {
	d.t.Helper()
	c := d.newClient()
	defer c.Close()
	if _, _, err := c.Upgrade(d.t.Context(), binary); err != nil {
		d.t.Fatal(err)
	}
	d.waitReady()
	status, err := c.Status(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return status
}

// After many upgrades under load, between two paths, the process, the workers, their
// ports and their output are the same, and no request has failed more than once.
func TestUpgradedAgainAndAgain(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := []string{linkTestBinary(t, "next"), self}
	d := newRestartHarness(t, keptWorkersINI(dir, "stop"))
	d.startReady()
	before := d.listWorkers()
	l := d.startLoad(workerNamed(t, before, "adder").Addr)
	n := *killsFlag
	for i := range n {
		status := d.upgradeTo(programs[i%2])
		if status.PID != d.cmd.Process.Pid || status.Generation != i+1 || status.UpgradeError != "" {
			t.Fatalf("after upgrade %d: %+v", i+1, status)
		}
		d.expectSameWorkers(before)
	}
	l.end(t)
	d.expectTasksCompleted()
	if failed := l.failed.Load(); failed > int64(n) {
		t.Errorf("%d requests failed in %d upgrades: %v", failed, n, l.last.Load())
	}
	writer := workerNamed(t, before, "writer")
	d.stopProgram()
	expectAllLines(t, acknowledgedPath(dir), writerLog(t, d.state, writer.GUID))
}

// A program that says it can go on, and cannot, is replaced by the previous program,
// which goes on unchanged.
func TestUpgradeIsReverted(t *testing.T) {
	d := newRestartHarness(t, keptWorkersINI(t.TempDir(), "stop"))
	d.startReady()
	before := d.listWorkers()
	status := d.upgradeTo(linkTestBinary(t, broken))
	if status.PID != d.cmd.Process.Pid || status.Generation != 0 || !strings.Contains(status.UpgradeError, "it is broken") {
		t.Errorf("after an upgrade that failed: %+v", status)
	}
	d.expectSameWorkers(before)
	status = d.upgradeTo(linkTestBinary(t, "good"))
	if status.Generation != 1 || status.UpgradeError != "" {
		t.Errorf("after the next: %+v", status)
	}
	d.expectSameWorkers(before)
	d.stopProgram()
}

// When the next program crashes before it has attached to the keeper, nothing is lost:
// the previous program goes on in another process, and can be upgraded again.
func TestUpgradeThatCrashes(t *testing.T) {
	d := newRestartHarness(t, keptWorkersINI(t.TempDir(), "stop"))
	d.startReady()
	before := d.listWorkers()
	crashed := d.cmd
	status := d.upgradeTo(linkTestBinary(t, crashing))
	ended, err := crashed.Process.Wait() // Cmd.Wait would close the pipe to which the previous program writes
	if err != nil || ended.ExitCode() != 2 {
		t.Errorf("the next program ended with %v, %v", ended, err)
	}
	if status.PID == crashed.Process.Pid || status.Generation != 0 || !strings.Contains(status.UpgradeError, "it ended before it had come up") {
		t.Errorf("after it: %+v", status)
	}
	d.expectSameWorkers(before)
	if again := d.upgradeTo(linkTestBinary(t, "good")); again.PID != status.PID || again.Generation != 1 || again.UpgradeError != "" {
		t.Errorf("after the next: %+v", again)
	}
	d.expectSameWorkers(before)
	c := d.newClient()
	defer c.Close()
	if err := c.Shutdown(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	for range d.ready {
	}
	d.cmd = nil
}

// An upgrade to a program that is no initiator is refused and changes nothing.
func TestUpgradeRefused(t *testing.T) {
	d := newRestartHarness(t, keptWorkersINI(t.TempDir(), "stop"))
	d.startReady()
	before := d.listWorkers()
	c := d.newClient()
	defer c.Close()
	for _, binary := range []string{"/bin/false", "/bin/true", "/no/such/program"} {
		if _, _, err := c.Upgrade(t.Context(), binary); err == nil {
			t.Errorf("%s was taken", binary)
		} else {
			t.Log(err)
		}
	}
	d.expectSameWorkers(before)
	d.stopProgram()
}
