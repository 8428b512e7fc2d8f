package initiator_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"initiator/internal/api"
)

// copyOf is the test binary under another name.
func copyOf(t *testing.T, name string) string {
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

// upgrade asks for another program and waits until it is ready.
func (d *dynasty) upgrade(binary string) api.Status {
	d.t.Helper()
	c := d.client()
	defer c.Close()
	if _, _, err := c.Upgrade(d.t.Context(), binary); err != nil {
		d.t.Fatal(err)
	}
	d.whenReady()
	status, err := c.Status(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return status
}

// TestUpgradedAgainAndAgain, under load and between two paths: the process, the
// workers, their ports and their output are what they were, and no request
// fails more than once.
func TestUpgradedAgainAndAgain(t *testing.T) {
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := []string{copyOf(t, "next"), self}
	d := newDynasty(t, keepers(dir, "stop"))
	d.up()
	before := d.workers()
	l := d.load(pick(t, before, "adder").Addr)
	n := times(t)
	for i := range n {
		status := d.upgrade(programs[i%2])
		if status.PID != d.cmd.Process.Pid || status.Generation != i+1 || status.UpgradeError != "" {
			t.Fatalf("after upgrade %d: %+v", i+1, status)
		}
		d.same(before)
	}
	l.end(t)
	d.fulfilled()
	if failed := l.failed.Load(); failed > int64(n) {
		t.Errorf("%d requests failed in %d upgrades: %v", failed, n, l.last.Load())
	}
	writer := pick(t, before, "writer")
	d.end()
	complete(t, acks(dir), logOf(t, d.state, writer.GUID))
}

// TestUpgradeTakenBack: a program that says it can go on, and cannot, is
// replaced by the one before, which goes on as if nothing had been.
func TestUpgradeTakenBack(t *testing.T) {
	d := newDynasty(t, keepers(t.TempDir(), "stop"))
	d.up()
	before := d.workers()
	status := d.upgrade(copyOf(t, broken))
	if status.PID != d.cmd.Process.Pid || status.Generation != 0 || !strings.Contains(status.UpgradeError, "it is broken") {
		t.Errorf("after an upgrade that failed: %+v", status)
	}
	d.same(before)
	status = d.upgrade(copyOf(t, "good"))
	if status.Generation != 1 || status.UpgradeError != "" {
		t.Errorf("after the next: %+v", status)
	}
	d.same(before)
	d.end()
}

// TestUpgradeThatCrashes: a program that dies before it has taken the keeper
// back takes nothing along. The old one goes on, as another process, and can be
// upgraded again.
func TestUpgradeThatCrashes(t *testing.T) {
	d := newDynasty(t, keepers(t.TempDir(), "stop"))
	d.up()
	before := d.workers()
	crashed := d.cmd
	status := d.upgrade(copyOf(t, crashing))
	ended, err := crashed.Process.Wait() // Cmd.Wait would close what the old one goes on to write to
	if err != nil || ended.ExitCode() != 2 {
		t.Errorf("the next program ended with %v, %v", ended, err)
	}
	if status.PID == crashed.Process.Pid || status.Generation != 0 || !strings.Contains(status.UpgradeError, "it ended before it had come up") {
		t.Errorf("after it: %+v", status)
	}
	d.same(before)
	if again := d.upgrade(copyOf(t, "good")); again.PID != status.PID || again.Generation != 1 || again.UpgradeError != "" {
		t.Errorf("after the next: %+v", again)
	}
	d.same(before)
	c := d.client()
	defer c.Close()
	if err := c.Shutdown(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	for range d.ready {
	}
	d.cmd = nil
}

// TestUpgradeRefused: what is no initiator changes nothing.
func TestUpgradeRefused(t *testing.T) {
	d := newDynasty(t, keepers(t.TempDir(), "stop"))
	d.up()
	before := d.workers()
	c := d.client()
	defer c.Close()
	for _, binary := range []string{"/bin/false", "/bin/true", "/no/such/program"} {
		if _, _, err := c.Upgrade(t.Context(), binary); err == nil {
			t.Errorf("%s was taken", binary)
		} else {
			t.Log(err)
		}
	}
	d.same(before)
	d.end()
}
