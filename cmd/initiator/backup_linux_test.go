package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A backup that does not fit on the disk leaves no file.
func TestBackupOnFullDisk(t *testing.T) {
	dir := newTestDirectory(t, sleeper)
	up := startProcess(t, dir, "up")
	up.awaitReady()
	if err := os.Mkdir(dir+"/disk", 0o700); err != nil {
		t.Fatal(err)
	}
	script := `mount -t tmpfs -o size=64k none disk || exit 77
head -c 64k /dev/zero >disk/ballast
initiator backup disk/b.tar; echo "code $?"; ls disk`
	cmd := exec.Command("unshare", "--mount", "sh", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState.ExitCode() != 0 {
		t.Skipf("a small file system cannot be mounted here: %v: %s", err, out)
	}
	want := "initiator: backup: write disk/b.tar.new: no space left on device\ncode 125\nballast\n"
	if got := strings.TrimPrefix(string(out), "head: error writing 'standard output': No space left on device\n"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
