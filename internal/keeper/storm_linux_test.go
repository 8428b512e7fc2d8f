package keeper

import (
	"os"
	"os/exec"
	"testing"

	"initiator/internal/procfs"
)

// selfExecScript executes itself again and again, so that it is often between
// two programs.
const selfExecScript = "#!/bin/sh\nexec \"$0\"\n"

// TestMarkedKeyDuringExec: between two programs a process has no environment
// for a moment. Its worker must be found all the same.
func TestMarkedKeyDuringExec(t *testing.T) {
	path := t.TempDir() + "/storm"
	if err := os.WriteFile(path, []byte(selfExecScript), 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = []string{"INITIATOR_GUID=w", "INITIATOR_INCARNATION=3"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	for i := range 1000 {
		if text := procfs.AwaitEnvironment(cmd.Process.Pid); markedKey(text) != (key{"w", 3}) {
			t.Fatalf("look %d: %q", i, text)
		}
	}
}

// TestNoEnvironment: the keeper does not wait long for a process that really
// has no environment, or for a process that has ended.
func TestNoEnvironment(t *testing.T) {
	cmd := exec.Command("/bin/cat")
	cmd.Env = []string{}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if got := procfs.AwaitEnvironment(cmd.Process.Pid); len(got) != 0 {
		t.Errorf("%q", got)
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if got := procfs.AwaitEnvironment(cmd.Process.Pid); len(got) != 0 {
		t.Errorf("of one that has ended: %q", got)
	}
}
